//! The server dies or stops: its sessions go on, and it finds them again.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::{EventBody, TurnStatus};
use vwm_tests::within;

use super::{
    answer_of, asking, file, is_told_to_ask_again, journaled, put_file, texts, whole_events,
    world_of,
};
use vwm_api::harness::Entry;

/// Counts its runs in `runs`, and is held in the middle of its text.
fn talk() -> Value {
    json!([{"when": "talk", "steps": [
        {"shell": "echo run >> runs"},
        {"text": "one two ", "chunks": 2},
        {"text": "three four", "chunks": 2, "hold": "mid"}]}])
}

#[tokio::test]
async fn a_turn_survives_its_server_killed_in_mid_text() {
    let mut world = world_of(talk()).await;
    let session = world.session("bob", None).await.id;
    let harness = world.harness(session);
    let first = asking(&world, session, "talk", "key");
    within("the agent", world.model.held("mid")).await;

    world.take_server().kill();
    is_told_to_ask_again(first).await;
    world.start_server(&[]);
    world.model.release("mid");

    let answer = answer_of(asking(&world, session, "talk", "key")).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "one two three four")
    );
    let events = whole_events(&world, session, 1).await;
    assert_eq!(
        (texts(&events).len(), texts(&events).concat().as_str()),
        (4, "one two three four")
    );
    assert_eq!(file(&world, session, "runs"), "run\n");
    assert_eq!(world.harness(session), harness);
}

#[tokio::test]
async fn a_turn_survives_its_server_killed_in_mid_tool() {
    let wait = "echo run >> runs; until [ -e go ]; do sleep 0.01; done; echo went";
    let rules = json!([{"when": "work", "steps": [{"shell": wait}, {"text": "done"}]}]);
    let mut world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "work", "key");
    world.written(session, "runs").await;

    world.take_server().kill();
    is_told_to_ask_again(first).await;
    world.start_server(&[]);
    put_file(&world, session, "go");

    let answer = answer_of(asking(&world, session, "work", "key")).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "done")
    );
    let events = whole_events(&world, session, 1).await;
    let tools: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::ToolCall(_) => Some("call"),
            EventBody::ToolResult(_) => Some("result"),
            _ => None,
        })
        .collect();
    assert_eq!(tools, ["call", "result"]);
    assert_eq!(file(&world, session, "runs"), "run\n");
}

#[tokio::test]
async fn what_an_engine_says_without_a_server_for_five_seconds_is_told_afterwards() {
    let mut world = world_of(talk()).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "talk", "key");
    within("the agent", world.model.held("mid")).await;

    world.take_server().kill();
    is_told_to_ask_again(first).await;
    world.model.release("mid");
    journaled(&world, session, "the end of the turn", |entry| {
        matches!(entry, Entry::Ended { .. })
    })
    .await;
    // Not to wait for anything: so long the server is away.
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.start_server(&[]);

    let answer = answer_of(asking(&world, session, "talk", "key")).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "one two three four")
    );
    let events = whole_events(&world, session, 1).await;
    assert_eq!(
        (texts(&events).len(), texts(&events).concat().as_str()),
        (4, "one two three four")
    );
    assert_eq!(file(&world, session, "runs"), "run\n");
}

#[tokio::test]
async fn a_server_that_is_interrupted_stops_at_once_and_its_turns_go_on() {
    let mut world = world_of(talk()).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "talk", "key");
    within("the agent", world.model.held("mid")).await;
    let client = world.client();
    let mut open = client.events(session, 0);
    let mut before = Vec::new();
    while texts(&before).len() < 2 {
        let event = within("an event", open.next())
            .await
            .expect("the stream goes on");
        before.push(event.expect("the event is one"));
    }
    let turn = before
        .iter()
        .find_map(|event| event.request_id)
        .expect("the turn has begun");

    let started = Instant::now();
    let server = world.take_server();
    let stopped = tokio::task::spawn_blocking(move || server.stop());
    within("the server to stop", stopped)
        .await
        .expect("it stops with code 0");
    let took = started.elapsed();
    assert!(
        took < Duration::from_secs(5),
        "it took {took:?}, as long as its grace"
    );
    is_told_to_ask_again(first).await;
    assert!(!world.data_dir().join("server.json").exists());

    world.start_server(&[]);
    let client = world.client();
    let view = client.request(session, turn).await.expect("it is known");
    assert_eq!((view.status, view.answer), (TurnStatus::Running, None));
    let last = before.last().expect("there were some").seq;
    let mut after = client.events(session, last);
    world.model.release("mid");
    let answer = answer_of(asking(&world, session, "talk", "key")).await;
    assert_eq!(
        (answer.request_id, answer.response.as_str()),
        (turn, "one two three four")
    );
    while !before.last().is_some_and(|event| event.body.ends_turn()) {
        let event = within("an event", after.next())
            .await
            .expect("the stream goes on");
        before.push(event.expect("the event is one"));
    }
    assert_eq!(before, whole_events(&world, session, 1).await);
    let view = client.request(session, turn).await.expect("it is known");
    assert_eq!(view.answer, Some(answer));
    assert_eq!(file(&world, session, "runs"), "run\n");
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_its_turn() {
    let world = world_of(talk()).await;
    let session = world.session("bob", None).await.id;
    let mut stream = world.client().stream(session, &world.prompt("talk"));
    let start = within("the first event", stream.next())
        .await
        .expect("there is one");
    let turn = start
        .expect("the event is one")
        .request_id
        .expect("it belongs to the turn");
    within("the agent", world.model.held("mid")).await;
    drop(stream);
    world.model.release("mid");

    let events = whole_events(&world, session, 1).await;
    assert_eq!(texts(&events).concat(), "one two three four");
    let view = world
        .client()
        .request(session, turn)
        .await
        .expect("it is known");
    assert_eq!(view.status, TurnStatus::Complete);
}
