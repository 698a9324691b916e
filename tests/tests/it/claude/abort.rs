//! Stopping a turn: soon, wholly, and with the conversation kept.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::json;
use vwm_api::{AbortRequest, Answer, EventBody, Seq, Session, TurnStatus};
use vwm_tests::{World, within};

use super::{end, recall, session, world};

/// How long an abort may take.
const SOON: Duration = Duration::from_secs(2);

/// Prompts, aborts once `ready` has happened, and gives the answer, which must have come soon.
async fn abort(
    world: &World,
    session: &Session,
    prompt: &str,
    ready: impl Future<Output = ()>,
) -> Answer {
    let client = world.client();
    let aborted = async {
        ready.await;
        let asked = Instant::now();
        client
            .abort(session.id, &AbortRequest::default())
            .await
            .expect("a turn is in flight");
        asked
    };
    let (answer, asked) = tokio::join!(
        async { (world.ask(session.id, prompt).await, Instant::now()) },
        aborted
    );
    let took = answer.1 - asked;
    assert!(took <= SOON, "the abort took {took:?}");
    answer.0
}

/// Waits for a text after an event.
async fn said(world: &World, session: &Session, after: Seq) {
    let client = world.client();
    let mut events = client.events(session.id, after);
    let text = async {
        while let Some(event) = events.next().await {
            let event = event.expect("the session is watched");
            if matches!(event.body, EventBody::Text(_)) {
                return;
            }
        }
    };
    within("a text", text).await;
}

#[tokio::test]
async fn an_abort_in_the_middle_of_a_text_keeps_what_was_said() {
    let script = json!({"rules": [{"when": "explain", "steps": [{"text": "first, and then second", "hold_mid": "text"}]}]});
    let world = world(script).await;
    let session = session(&world, json!({}), None).await;
    world.ask(session.id, "hello").await;
    let engine = world.engines(session.id);

    let first = world.events_until_turn_ends(session.id, 1).await;
    let after = first.last().expect("a turn has events").seq;
    let ready = async {
        world.model.held("text").await;
        // The model has said it; the engine says it a little later.
        said(&world, &session, after).await;
    };
    let answer = abort(&world, &session, "explain it", ready).await;
    assert_eq!(
        (answer.status, end(&answer).1),
        (TurnStatus::Cancelled, Some("aborted"))
    );
    assert!(
        !answer.response.is_empty() && "first, and then second".starts_with(&answer.response),
        "{:?}",
        answer.response
    );

    assert_eq!(
        world.ask(session.id, "RECALL").await.response,
        recall(&["hello", "explain it", "RECALL"])
    );
    assert_eq!(world.engines(session.id), engine, "the engine stayed");
}

#[tokio::test]
async fn an_abort_in_the_middle_of_a_tool_kills_what_the_tool_started() {
    // A shell that waits for a child that ignores requests to end, and for one that has left its group.
    let command = "(trap '' INT TERM HUP; exec tail -f /dev/null) & echo $$ $! > some; \
                   setsid sh -c 'echo $$ > other; exec tail -f /dev/null' & \
                   until [ -s other ]; do :; done; cat some other > pids; wait";
    let script =
        json!({"rules": [{"when": "dig", "steps": [{"shell": command}, {"text": "dug"}]}]});
    let world = world(script).await;
    let session = session(&world, json!({}), None).await;

    let ready = async {
        world.written(session.id, "pids").await;
    };
    let answer = abort(&world, &session, "dig a hole", ready).await;
    assert_eq!(end(&answer), (TurnStatus::Cancelled, Some("aborted"), ""));
    let pids = world.written(session.id, "pids").await;
    let pids: Vec<u32> = pids
        .split_whitespace()
        .map(|pid| pid.parse().expect("a pid"))
        .collect();
    assert_eq!(pids.len(), 3);
    for pid in pids {
        world.gone(pid).await;
    }

    assert_eq!(
        world.ask(session.id, "RECALL").await.response,
        recall(&["dig a hole", "RECALL"])
    );
}
