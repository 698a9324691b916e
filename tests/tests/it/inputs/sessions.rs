//! Calls that do not go together with where a session stands.

use serde_json::json;
use vwm_api::{NewSession, Repository as SessionRepository, SessionId, SessionStatus};
use vwm_client::ClientError;
use vwm_tests::{Door, Repository, Said, World, scripted_agent};

/// A prompt is refused in the same words by the API and the command line.
async fn refuses_a_prompt(world: &World, id: SessionId, sentence: &str) {
    let refused = world.client().prompt(id, &world.prompt("hi")).await;
    let error = refused.expect_err("it is not active");
    assert_eq!(
        (error.status(), error.to_string()),
        (Some(409), sentence.to_owned())
    );
    let told = format!("error: {sentence}\n");
    let said = world.says(&["prompt", &id.to_string(), "hi"]).await;
    assert_eq!(said, Said::new(1, "", told));
}

#[tokio::test]
async fn a_prompt_to_a_session_that_is_not_active_says_where_it_stands_and_what_to_do() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);

    let silent = Door::silent().url;
    let new = NewSession {
        worker_name: Some("bob".into()),
        repository: Some(SessionRepository {
            url: silent.clone(),
            branch: "main".into(),
        }),
        ..NewSession::default()
    };
    let made = world.client().create_session(&new).await;
    let id = made.expect("the session is made").id;
    let sentence = "Session is not active: it is pending; wait until it is active";
    refuses_a_prompt(&world, id, sentence).await;
    // Whoever looks sees what it waits for, and need not wait for it.
    let reason = format!("session_repository is being prepared: {silent}");
    world.has_reason(id, &reason).await;
    world.end(id).await;

    let new = NewSession {
        repository: Some(SessionRepository {
            url: project.url(),
            branch: "none".into(),
        }),
        ..new
    };
    let made = world.client().create_session(&new).await;
    let id = made.expect("the session is made").id;
    world.reaches(id, SessionStatus::Failed).await;
    let sentence =
        "Session is not active: it is failed; its statusReason says why; end it and start another";
    refuses_a_prompt(&world, id, sentence).await;

    let id = world.session("bob", Some(&project)).await.id;
    project.refuse_pushes();
    let ask = world.client();
    ask.end_session(id).await.expect("it is asked");
    let sentence = "Session is not active: it is ending; start another";
    refuses_a_prompt(&world, id, sentence).await;
    ask.end_session(id).await.expect("asking again is no fault");
    project.take_pushes();
    world.reaches(id, SessionStatus::Ended).await;
    let sentence = "Session is not active: it is ended; start another";
    refuses_a_prompt(&world, id, sentence).await;
}

#[tokio::test]
async fn ending_a_session_twice_changes_nothing_the_second_time() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let id = world.session("bob", None).await.id;
    let text = id.to_string();
    let once = world.says(&["session", "end", &text]).await;
    let saying_so = "· ending the session\n";
    assert_eq!(once, Said::new(0, "session ID ended\n", saying_so));
    let ended = world.client().session(id).await.expect("it is known");
    let twice = world.says(&["session", "end", &text]).await;
    assert_eq!(twice, Said::new(0, "session ID had ended already\n", ""));
    world.end(id).await;
    let still = world.client().session(id).await.expect("it is known");
    assert_eq!(still, ended);
}

#[tokio::test]
async fn what_is_not_there_is_named_with_where_to_look() {
    let world = World::start(json!({})).await;
    let id = SessionId::new();
    let text = id.to_string();
    let worker = Said::new(
        1,
        "",
        "error: there is no worker \"eve\"\nhint: `vwm worker list` shows those that there are; `vwm worker create` makes one\n",
    );
    let session = Said::new(
        1,
        "",
        "error: there is no session ID\nhint: `vwm session list` shows those that there are\n",
    );
    assert_eq!(world.says(&["run", "eve", "hi"]).await, worker);
    assert_eq!(world.says(&["worker", "show", "eve"]).await, worker);
    assert_eq!(world.says(&["worker", "delete", "eve"]).await, worker);
    assert_eq!(world.says(&["session", "show", &text]).await, session);
    assert_eq!(world.says(&["session", "end", &text]).await, session);
    assert_eq!(world.says(&["prompt", &text, "hi"]).await, session);
    let new = NewSession {
        worker_name: Some("eve".into()),
        ..NewSession::default()
    };
    let refused = world.client().create_session(&new).await;
    let Err(ClientError::Api { status, body, .. }) = refused else {
        panic!("there is no eve: {refused:?}")
    };
    let body = serde_json::to_value(body).expect("serializes");
    let fault = json!({
        "path": "workerName", "code": "unknown_reference",
        "message": "there is no worker \"eve\"; `GET /admin/workers` lists them",
    });
    assert_eq!(
        (status, body),
        (
            400,
            json!({"error": "Validation Error", "details": [fault]})
        )
    );
    let gone = world.client().session(id).await.expect_err("there is none");
    assert_eq!(
        (gone.status(), gone.to_string()),
        (Some(404), "Session not found".into())
    );
}
