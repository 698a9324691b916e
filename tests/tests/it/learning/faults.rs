//! Engines that fail, hang or leave while they should write down what they learned.

use serde_json::{Value, json};
use vwm_api::{AbortRequest, EndStep, TurnStatus};

use super::{End, Learner, learned, nothing, writes};

pub(super) const TOO_LONG: &str =
    "its turn failed: it took longer than it may; `--learning-timeout` gives the next ones more";

async fn end_of(learning: Value) -> End {
    Learner::scripted(learning).await.ends().await
}

/// Likewise, where the turn may take seconds.
async fn end_in_time(learning: Value) -> End {
    let learner = Learner::scripted_with(learning, |command| {
        command.env("VWM_LEARNING_TIMEOUT", "3");
    });
    learner.await.ends().await
}

#[tokio::test]
async fn an_engine_that_fails_has_learned_nothing() {
    assert_eq!(
        end_of(json!([{"fail": "the model is away"}])).await,
        nothing(
            TurnStatus::Failed,
            "its turn failed: the agent answered the prompt with an error (-32603): the model is away; look at the program's own setup, then prompt again"
        )
    );
}

#[tokio::test]
async fn what_was_written_before_the_engine_failed_is_learned() {
    assert_eq!(
        end_of(json!([writes(), {"fail": "the model is away"}])).await,
        learned(TurnStatus::Failed)
    );
}

#[tokio::test]
async fn an_engine_that_leaves_in_the_middle_has_learned_nothing() {
    assert_eq!(
        end_of(json!([{"exit": 3}])).await,
        nothing(
            TurnStatus::Failed,
            "its turn failed: the agent exited with code 3 while it worked; it said nothing on its standard error; prompt again to start it anew"
        )
    );
}

#[tokio::test]
async fn an_engine_that_hangs_is_stopped_in_time() {
    assert_eq!(
        end_in_time(json!([{"hold": "never"}, writes()])).await,
        nothing(TurnStatus::Failed, TOO_LONG)
    );
}

#[tokio::test]
async fn an_engine_that_hangs_and_does_not_listen_is_stopped_as_well() {
    assert_eq!(
        end_in_time(json!([{"ignore_cancel": true, "hold": "never"}, writes()])).await,
        nothing(TurnStatus::Failed, TOO_LONG)
    );
}

#[tokio::test]
async fn a_daemon_that_the_turn_left_writes_nothing_afterwards() {
    let daemon = "while :; do echo mine > worker_repo/learnings/daemon.md; sleep 0.01; done";
    let learner = Learner::scripted(json!([
        {"daemon": daemon},
        {"shell": "until [ -s worker_repo/learnings/daemon.md ]; do sleep 0.01; done"},
        writes(),
    ]))
    .await;
    let end = learner.ends().await;
    let expected = End {
        proposed: ["daemon", "session-ID"]
            .map(|name| format!("A learnings/{name}.md"))
            .to_vec(),
        ..learned(TurnStatus::Complete)
    };
    assert_eq!(end, expected);
}

#[tokio::test]
async fn a_turn_that_is_aborted_has_learned_nothing() {
    let learner = Learner::scripted(json!([{"hold": "learning"}, writes()])).await;
    learner.is_asked_to_end().await;
    learner.world.model.held("learning").await;
    learner.reaches(EndStep::Learning).await;
    let client = learner.world.client();
    let aborted = client
        .abort(learner.session, &AbortRequest::default())
        .await;
    aborted.expect("it runs");
    assert_eq!(
        learner.ends().await,
        nothing(
            TurnStatus::Cancelled,
            "its turn was stopped: the turn was aborted"
        )
    );
    let again = client
        .abort(learner.session, &AbortRequest::default())
        .await;
    assert!(again.expect_err("nothing runs").is_conflict());
}

#[tokio::test]
async fn a_turn_that_is_aborted_at_once_ends_the_session_as_well() {
    let learner = Learner::scripted(json!([{"hold": "learning"}, writes()])).await;
    learner.is_asked_to_end().await;
    let client = learner.world.client();
    let aborted = client
        .abort(learner.session, &AbortRequest::default())
        .await;
    aborted.expect("it waits or runs");
    let end = learner.ends().await;
    let expected = End {
        asked: end.asked,
        ..nothing(
            TurnStatus::Cancelled,
            "its turn was stopped: the turn was aborted",
        )
    };
    assert_eq!(end, expected);
    assert!(end.asked <= 1, "{end:?}");
}
