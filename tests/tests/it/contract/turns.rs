//! One turn on the wire, word for word, and who hangs up in the middle of one.

use serde_json::{Value, json};
use vwm_api::{SessionStatus, TurnStatus};
use vwm_tests::{World, until, within, without_ids};

use super::{Wire, request};

/// An agent that says all that one can say; it waits in the middle for a gate.
fn talkative() -> Value {
    let waits = |gate: &str| json!({"when": gate, "steps": [{"text": "one "}, {"hold": gate, "text": "two"}]});
    json!({"rules": [waits("stream"), waits("prompt"), {"when": "", "steps": [
        {"think": "hm"}, {"text": "first"}, {"shell": "echo out; echo x > made.txt"}, {"garbage": "{\"jsonrpc\":\"2.0\",\"method\":\"new/thing\",\"params\":{}}"},
        {"text": "größer 💡"},
    ]}]})
}

async fn talking() -> World {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    world
        .worker(json!({"engine": world.agent(talkative())}))
        .await;
    world
}

fn ask(world: &World, session: &str, call: &str, prompt: &str) -> String {
    let body = json!({"prompt": prompt}).to_string();
    let length = format!("content-length: {}\r\nconnection: close\r\n", body.len());
    request(
        world,
        &format!("POST /sessions/{session}/{call}"),
        &length,
        &body,
    )
}

/// The events of a chunked answer, without what differs each time.
fn frames(answer: &str) -> Vec<String> {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    // The lengths of the chunks stand on lines of their own.
    let mut text = String::new();
    let mut rest = body;
    while let Some((length, more)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect("a length");
        let Some(chunk) = more.get(..length) else {
            break;
        };
        text += chunk;
        rest = more.get(length + 2..).unwrap_or_default();
    }
    let frames = text.split_terminator("\n\n").map(without_ids);
    frames.collect()
}

#[tokio::test]
async fn a_turn_is_streamed_word_for_word() {
    let world = talking().await;
    let id = world.session("bob", None).await.id.to_string();
    let mut wire = Wire::open(&world).await;
    wire.say(ask(&world, &id, "stream", "go")).await;
    let answer = wire.rest().await;
    let (head, _) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"),
        "{head}"
    );
    let told = frames(&answer);
    let (first, told) = told.split_first().expect("frames");
    assert_eq!(first, "retry: 1000");
    let mut before = 0;
    let mut types = Vec::new();
    for frame in told {
        let (number, data) = frame.split_once('\n').expect("two lines");
        let number: i64 = number
            .strip_prefix("id: ")
            .expect("an id")
            .parse()
            .expect("a number");
        assert!(number > before, "{frame}");
        before = number;
        let data = data.strip_prefix("data: ").expect("data");
        let event: Value = serde_json::from_str(data).expect("one line of JSON");
        let names: Vec<_> = event.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["type", "data", "requestId", "subsessionId"]);
        types.push((
            event["type"].as_str().expect("a type").to_owned(),
            event["data"].clone(),
        ));
    }
    let text = |kind: &str| -> String {
        let of = types.iter().filter(|(name, _)| name == kind);
        of.map(|(_, data)| data.as_str().expect("a string"))
            .collect()
    };
    assert_eq!(
        (text("thinking"), text("text")),
        ("hm".to_owned(), "firstgrößer 💡".to_owned())
    );
    let mut kinds: Vec<_> = types.iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "start",
            "thinking",
            "text",
            "tool_call",
            "tool_result",
            "raw",
            "text",
            "complete"
        ]
    );
    assert_eq!(
        types[0].1,
        json!({"requestId": "ID", "subsessionId": "ID", "engine": "acp", "model": null, "settingsRevision": 0, "resume": "fresh"})
    );
    let of = |kind: &str| {
        &types
            .iter()
            .find(|(name, _)| name == kind)
            .expect("it was said")
            .1
    };
    assert_eq!(of("tool_call")["id"], of("tool_result")["id"]);
    assert_eq!(of("tool_result")["isError"], false);
    let mut last = of("complete").clone();
    assert!(last["durationMs"].as_i64().is_some_and(|ms| ms >= 0));
    assert!(
        last["raw"]["content"]
            .as_str()
            .is_some_and(|raw| raw.contains("new/thing"))
    );
    (last["durationMs"], last["raw"]["content"]) = (json!(0), json!(""));
    assert_eq!(
        last,
        json!({
            "requestId": "ID", "status": "complete", "subsessionId": "ID", "response": "größer 💡", "artifacts": ["made.txt"],
            "tokensIn": null, "tokensOut": null, "costUsd": null, "model": null, "durationMs": 0,
            "raw": {"format": "acp", "content": "", "metadata": {"model": null, "requestId": "ID", "cliType": "acp"}},
            "error": null, "retryOf": null,
        })
    );
}

#[tokio::test]
async fn who_hangs_up_aborts_nothing() {
    let world = talking().await;
    let session = world.session("bob", None).await;
    let id = session.id.to_string();
    for call in ["stream", "prompt"] {
        let mut wire = Wire::open(&world).await;
        wire.say(ask(&world, &id, call, call)).await;
        let client = world.client();
        within("the middle of the turn", world.model.held(call)).await;
        drop(wire);
        world.model.release(call);
        let row = until("the turn to end", async || {
            let rows = client.telemetry(session.id).await.expect("it is told");
            rows.last().filter(|row| row.status.is_over()).cloned()
        })
        .await;
        let response = row.response.map(|it| it.response);
        assert_eq!(
            (row.status, response.as_deref()),
            (TurnStatus::Complete, Some("one two"))
        );
    }
    let after = world
        .client()
        .session(session.id)
        .await
        .expect("it is known");
    assert_eq!(after.status, SessionStatus::Active);
}
