//! Conversations and sessions side by side.

use serde_json::json;
use vwm_api::{AbortRequest, SubsessionId, TurnStatus};

use super::{ask_in, end, recall, session, world};

#[tokio::test]
async fn two_conversations_of_a_session_run_at_once_and_know_only_their_own() {
    let script = json!({"rules": [
        {"when": "stop here", "steps": [{"text": "never", "hold": "never"}]},
        {"when": "go on there", "steps": [{"text": "gone on", "hold": "on"}]},
        {"when": "left", "steps": [{"text": "left done", "hold": "left"}]},
        {"when": "right", "steps": [{"text": "right done", "hold": "right"}]},
    ]});
    let world = world(script).await;
    let session = session(&world, json!({}), None).await;
    let talks = [SubsessionId::new(), SubsessionId::new()];
    let both = async {
        world.model.held("left").await;
        world.model.held("right").await;
        // Both run now.
        world.model.release("left");
        world.model.release("right");
    };
    let (left, right, ()) = tokio::join!(
        ask_in(&world, &session, talks[0], "turn left"),
        ask_in(&world, &session, talks[1], "turn right"),
        both
    );
    assert_eq!((end(&left).2, end(&right).2), ("left done", "right done"));
    assert_eq!([left.subsession_id, right.subsession_id], talks);
    let (left, right) = tokio::join!(
        ask_in(&world, &session, talks[0], "RECALL"),
        ask_in(&world, &session, talks[1], "RECALL")
    );
    assert_eq!(
        [left.response, right.response],
        [
            recall(&["turn left", "RECALL"]),
            recall(&["turn right", "RECALL"])
        ]
    );

    // An abort stops one and leaves the other alone.
    let client = world.client();
    let abort = async {
        world.model.held("never").await;
        world.model.held("on").await;
        let which = AbortRequest {
            subsession_id: Some(talks[0]),
            request_id: None,
        };
        client
            .abort(session.id, &which)
            .await
            .expect("its turn is in flight");
    };
    let stopped = async {
        let (stopped, ()) = tokio::join!(ask_in(&world, &session, talks[0], "stop here"), abort);
        world.model.release("on");
        stopped
    };
    let (stopped, other) = tokio::join!(stopped, ask_in(&world, &session, talks[1], "go on there"));
    assert_eq!(end(&stopped), (TurnStatus::Cancelled, Some("aborted"), ""));
    assert_eq!(end(&other), (TurnStatus::Complete, None, "gone on"));
}
