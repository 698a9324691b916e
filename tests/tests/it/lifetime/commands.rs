//! A session's life from the command line.

use serde_json::{Value, json};
use vwm_api::{AbortRequest, SessionId};
use vwm_tests::{Said, within};

use super::world_of_bob;

#[tokio::test]
async fn a_session_is_suspended_resumed_and_ended_from_the_command_line() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let name = id.to_string();
    world.ask(id, "one").await;
    let says = async |args: &[&str]| world.says(&[&["session"], args].concat()).await;
    let harness = world.harness(id);
    // Asking again changes nothing.
    for _ in 0..2 {
        let said = says(&["suspend", &name]).await;
        assert_eq!(said, Said::new(0, "session ID is suspended\n", ""));
    }
    world.gone(harness).await;
    for _ in 0..2 {
        let said = says(&["resume", &name]).await;
        assert_eq!(said, Said::new(0, "session ID is active\n", ""));
    }
    let recalled = world.ask(id, "RECALL").await.response;
    assert_eq!(recalled, r#"recall: ["one","RECALL"]"#);
    let said = says(&["suspend", &name, "--output", "json"]).await;
    let told: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((&told["status"], said.code), (&json!("suspended"), Some(0)));
    let said = says(&["resume", &name, "--no-wait"]).await;
    assert_eq!(said, Said::new(0, "session ID is resuming\n", ""));

    let (client, prompt) = (world.client(), world.prompt("slow"));
    let turn = client.request_turn(id, &prompt).await;
    let request_id = Some(turn.expect("it is taken").request_id);
    within("the agent", world.model.held("gate")).await;
    let said = says(&["suspend", &name]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.error().contains("Session is busy"), "{}", said.err);
    let which = AbortRequest {
        request_id,
        ..AbortRequest::default()
    };
    client.abort(id, &which).await.expect("it runs");

    let said = says(&["end", &name]).await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "session ID ended\n")
    );
    let said = says(&["end", &name]).await;
    assert_eq!(said, Said::new(0, "session ID had ended already\n", ""));
    for (verb, why) in [
        ("suspend", "Session is not active: it has ended"),
        (
            "resume",
            "Session is not active: it has ended; start another",
        ),
    ] {
        let said = says(&[verb, &name]).await;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{verb}");
        assert!(said.error().contains(why), "{verb}: {}", said.err);
    }
}

#[tokio::test]
async fn a_session_that_is_none_is_told_apart_from_what_is_no_id() {
    let world = world_of_bob(json!({})).await;
    let nobody = SessionId::new().to_string();
    for verb in ["suspend", "resume", "end"] {
        let said = world.says(&["session", verb, &nobody]).await;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{verb}");
        assert!(
            said.error().starts_with("error: there is no session ID"),
            "{verb}: {}",
            said.err
        );
        let said = world.says(&["session", verb, "bob"]).await;
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{verb}");
        assert!(said.error().contains("'bob'"), "{verb}: {}", said.err);
    }
}
