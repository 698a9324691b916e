//! A model that fails ends the turn within bounded time, in words that say what to do, and the session goes on.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::json;
use vwm_api::{Answer, EventBody, Prompt, Session, SessionId, SubsessionId, TurnStatus};
use vwm_scripted::{ModelServer, Script};
use vwm_tests::{World, within};

use super::{ask_in, claude_code, end, events_of, recall, rule, session, told, world};

/// How the turn ends of a prompt that a rule's fault meets.
struct Fault {
    prompt: &'static str,
    code: &'static str,
    retryable: bool,
    /// At most.
    within: Duration,
    /// How often it is tried again.
    retries: usize,
}

const fn fault(
    prompt: &'static str,
    code: &'static str,
    retryable: bool,
    within_s: u64,
    retries: usize,
) -> Fault {
    Fault {
        prompt,
        code,
        retryable,
        within: Duration::from_secs(within_s),
        retries,
    }
}

/// A turn failed as its fault wants it, and its conversation goes on.
async fn fails_and_goes_on(world: &World, session: &Session, fault: &Fault) {
    let talk = SubsessionId::new();
    let answer = ask_in(world, session, talk, fault.prompt).await;
    fails(world, session.id, &answer, fault).await;
    let next = ask_in(world, session, talk, "RECALL").await;
    assert_eq!(
        end(&next),
        (
            TurnStatus::Complete,
            None,
            recall(&[fault.prompt, "RECALL"]).as_str()
        )
    );
}

async fn fails(world: &World, session: SessionId, answer: &Answer, fault: &Fault) {
    let error = answer
        .error
        .as_ref()
        .unwrap_or_else(|| panic!("{} did not fail: {answer:?}", fault.prompt));
    assert_eq!(
        (answer.status, error.code.as_str(), error.retryable),
        (TurnStatus::Failed, fault.code, fault.retryable),
        "{}: {}",
        fault.prompt,
        error.message
    );
    let took = Duration::from_millis(
        answer
            .duration_ms
            .and_then(|ms| ms.try_into().ok())
            .expect("it took time"),
    );
    assert!(took <= fault.within, "{} took {took:?}", fault.prompt);
    let told = told(&events_of(world, session, answer.request_id).await);
    let retries = told.iter().filter(|line| *line == "notice retry").count();
    assert_eq!(retries, fault.retries, "{}: {told:?}", fault.prompt);
}

#[tokio::test]
async fn a_model_that_fails_ends_the_turn_in_time_and_the_conversation_goes_on() {
    let world = world(json!({"rules": [
        {"when": "unauthorized", "steps": [{"error": 401}]},
        {"when": "bad request", "steps": [{"error": 400}]},
        {"when": "unpaid", "steps": [{"error": 402}]},
        {"when": "limited", "steps": [{"error": 429}]},
        {"when": "in trouble", "steps": [{"error": 500}]},
    ]}))
    .await;
    let session = session(&world, json!({}), None).await;

    // By itself, because its time is short.
    fails_and_goes_on(
        &world,
        &session,
        &fault("unauthorized", "model_auth", false, 5, 0),
    )
    .await;
    let faults = [
        fault("bad request", "model_refused", false, 45, 0),
        fault("unpaid", "model_refused", false, 45, 0),
        fault("limited", "model_rate_limited", true, 45, 2),
        fault("in trouble", "model_unavailable", true, 45, 2),
    ];
    join_all(
        faults
            .iter()
            .map(|fault| fails_and_goes_on(&world, &session, fault)),
    )
    .await;
    nothing_of_the_provider_is_told(&world, session.id).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_once_more_and_what_was_said_of_it_is_told() {
    let steps = json!([{"text": "one half and the other", "hold_mid": "half", "drop": true}]);
    let world = world(rule("tell", steps)).await;
    let session = session(&world, json!({}), None).await;
    let cut = async {
        let mut events = world.client().events(session.id, 0);
        within("the first half", async {
            loop {
                let event = events.next().await.expect("more").expect("an event");
                if matches!(event.body, EventBody::Text(_)) {
                    return;
                }
            }
        })
        .await;
        world.model.release("half");
    };
    let (answer, ()) = tokio::join!(world.ask(session.id, "tell"), cut);
    let lost = fault("tell", "model_stream_lost", true, 45, 0);
    fails(&world, session.id, &answer, &lost).await;
    let told = told(&events_of(&world, session.id, answer.request_id).await);
    assert_eq!(
        told,
        ["start", "text one half an", "error model_stream_lost"]
    );
    let streams: Vec<_> = world.model.calls().iter().map(|call| call.stream).collect();
    assert_eq!(streams, [true, false]);
    let next = world.ask(session.id, "RECALL").await;
    assert_eq!(next.response, recall(&["tell", "RECALL"]));
}

#[tokio::test]
async fn a_model_that_is_not_there_ends_the_turn_and_one_that_is_back_is_asked_again() {
    let mut world = world(json!({})).await;
    let session = session(&world, json!({}), None).await;
    let address = world
        .model
        .url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    world.model.stop().await;
    let answer = world.ask(session.id, "nobody is there").await;
    fails(
        &world,
        session.id,
        &answer,
        &fault("nobody is there", "model_unavailable", true, 45, 2),
    )
    .await;
    nothing_of_the_provider_is_told(&world, session.id).await;

    world.model = ModelServer::start_on(address, Script::default()).expect("the port is free");
    let next = world.ask(session.id, "RECALL").await;
    assert_eq!(next.response, recall(&["nobody is there", "RECALL"]));
}

#[tokio::test]
async fn a_bad_key_ends_the_turn_within_seconds() {
    claude_code();
    let world = World::start_with(json!({}), |command| {
        command.env("VWM_ANTHROPIC_API_KEY", "sk-test-invalid");
    })
    .await;
    let session = session(&world, json!({}), None).await;
    let answer = world.ask(session.id, "hello").await;
    fails(
        &world,
        session.id,
        &answer,
        &fault("hello", "model_auth", false, 5, 0),
    )
    .await;
    assert_eq!(
        world
            .model
            .calls()
            .iter()
            .map(|call| call.status)
            .collect::<Vec<_>>(),
        [401],
        "it is asked once"
    );
    nothing_of_the_provider_is_told(&world, session.id).await;
}

#[tokio::test]
async fn a_turn_that_takes_too_long_is_stopped_and_the_engine_goes_on() {
    let world = world(rule(
        "think long",
        json!([{"text": "at last", "hold": "model"}]),
    ))
    .await;
    let session = session(&world, json!({}), None).await;
    let prompt = Prompt {
        timeout: Some(2),
        ..world.prompt("think long")
    };
    let answer = world
        .client()
        .prompt(session.id, &prompt)
        .await
        .expect("an answer");
    assert_eq!(end(&answer), (TurnStatus::Failed, Some("timeout"), ""));
    let took = answer.duration_ms.expect("it took time");
    assert!((2_000..6_000).contains(&took), "{took} ms");
    assert_eq!(
        world.ask(session.id, "RECALL").await.response,
        recall(&["think long", "RECALL"])
    );
}

/// Neither events nor telemetry, which has the raw output, know the provider's key or address.
async fn nothing_of_the_provider_is_told(world: &World, session: SessionId) {
    let client = world.client();
    let rows = client.telemetry(session).await.expect("telemetry");
    let events = world.events_until_turn_ends(session, rows.len()).await;
    let told = format!("{}{}", json!(events), json!(rows));
    let address = world.model.url();
    let address = address.trim_start_matches("http://");
    for secret in ["sk-test", address] {
        assert!(!told.contains(secret), "{secret} is told");
    }
}
