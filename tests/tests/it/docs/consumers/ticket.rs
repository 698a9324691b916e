//! `examples/ticket.sh`: a consumer with curl alone.

use serde_json::json;
use vwm_client::SessionFilter;
use vwm_tests::{Said, World, scripted_agent};

use super::beside;

async fn world() -> World {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    world
}

async fn ticket(world: &World, question: &str) -> Said {
    let lines = format!("examples/ticket.sh bob 7 '{question}'");
    Said::by(beside(world, &lines)).await
}

#[tokio::test]
async fn a_ticket_is_answered_and_asked_again_it_runs_nothing_twice() {
    let world = world().await;
    let answered = Said::new(0, "echo: what is it?\n", "");
    assert_eq!(ticket(&world, "what is it?").await, answered);
    assert_eq!(ticket(&world, "what is it?").await, answered);
    let client = world.client();
    let sessions = client.sessions(&SessionFilter::default()).await;
    let sessions = sessions.expect("a list").items;
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].breadcrumbs, ["ticket:7"]);
    let turns = client.telemetry(sessions[0].id).await.expect("turns");
    assert_eq!(turns.len(), 1);
}

#[tokio::test]
async fn a_ticket_that_fails_says_why_and_ends_so() {
    let world = world().await;
    let said = ticket(&world, r#"SCRIPT: [{"fail": "boom"}]"#).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("engine_failed: "), "{}", said.err);
    assert!(said.err.contains("boom"), "{}", said.err);

    let mut command = beside(&world, "examples/ticket.sh nobody 7 hello");
    let said = Said::by(command).await;
    let told = "Validation Error\n  workerName: there is no worker \"nobody\"";
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains(told), "{}", said.err);

    command = beside(&world, "examples/ticket.sh bob 7 hello");
    command.env("VWM_API_KEY", "vwm_wrong");
    let said = Said::by(command).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("Unauthorized: "), "{}", said.err);

    let said = Said::by(beside(&world, "examples/ticket.sh bob")).await;
    let usage = "usage: ticket.sh WORKER TICKET QUESTION\n";
    assert_eq!(said, Said::new(2, "", usage));
}
