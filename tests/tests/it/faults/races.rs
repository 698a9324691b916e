//! Two who want different things of a session at the same moment: one after the other gets it, and nothing is lost.

use futures_util::future::join;
use vwm_api::{EventBody, Resume, SessionStatus, TurnStatus};
use vwm_tests::promises;

use super::sitting::Sitting;

/// How often a race is run.
const ROUNDS: usize = 8;

async fn status(sitting: &Sitting) -> SessionStatus {
    let session = sitting.client.session(sitting.session).await;
    session.expect("it is known").status
}

#[tokio::test]
async fn a_session_in_which_a_prompt_runs_is_not_suspended() {
    let mut sitting = Sitting::begin().await;
    let asking = sitting.asks("talk mark-1");
    sitting.is_in_mid_text().await;
    let refused = sitting.client.suspend_session(sitting.session).await;
    assert_eq!(refused.expect_err("it is busy").status(), Some(409));
    sitting.world.model.release("mid");
    let answer = sitting.answer_of(asking).await;
    assert_eq!(answer.status, TurnStatus::Complete);
    let suspended = sitting.client.suspend_session(sitting.session).await;
    let suspended = suspended.expect("nothing runs");
    assert_eq!(suspended.status, SessionStatus::Suspended);
    sitting.works("mark-2").await;
    sitting.ends_as_promised().await;
}

#[tokio::test]
async fn a_prompt_that_meets_a_suspension_is_answered_in_the_same_workspace() {
    let mut sitting = Sitting::begin().await;
    sitting.works("mark-first").await;
    let workspace = sitting.world.volume(sitting.session).workspace();
    for round in 0..ROUNDS {
        let before = promises::files(&workspace);
        let asking = sitting.asks(&format!("work mark-{round}"));
        let suspending = sitting.client.suspend_session(sitting.session);
        let (answer, suspended) = join(asking.answer(), suspending).await;
        let answer = sitting.knows(answer);
        assert_eq!(answer.status, TurnStatus::Complete, "{:?}", answer.error);
        if let Err(error) = suspended {
            assert_eq!(error.status(), Some(409), "{error}");
        }
        let after = promises::files(&workspace);
        let is_new = |path: &std::path::Path| path.ends_with("marks") || path.ends_with("doors");
        for (path, bytes) in before.iter().filter(|(path, _)| !is_new(path)) {
            assert_eq!(after.get(path), Some(bytes), "{}", path.display());
        }
    }
    let events = sitting.ends_as_promised().await;
    let began = events.iter().filter_map(|event| match &event.body {
        EventBody::Start(start) => Some(start.resume),
        _ => None,
    });
    assert!(began.skip(1).all(|resume| resume == Resume::Resumed));
}

#[tokio::test]
async fn a_session_that_is_ended_while_it_resumes_ends() {
    let mut sitting = Sitting::begin().await;
    for _ in 0..2 {
        let suspended = sitting.client.suspend_session(sitting.session).await;
        suspended.expect("nothing runs");
        let resumed = sitting.client.resume_session(sitting.session).await;
        resumed.expect("it is suspended");
    }
    let prompt = sitting.world.prompt("work mark-1");
    let taken = sitting.client.request_turn(sitting.session, &prompt).await;
    sitting.knows_turn("mark-1", taken.expect("it is taken").request_id);
    sitting.ends_in_mid_turn().await;
}

#[tokio::test]
async fn a_suspension_whose_server_and_harness_are_killed_is_one() {
    let mut sitting = Sitting::begin().await;
    sitting.works("mark-1").await;
    let workspace = sitting.world.volume(sitting.session).workspace();
    let before = promises::files(&workspace);
    let harness = sitting.world.harness(sitting.session);
    let suspended = sitting.client.suspend_session(sitting.session).await;
    suspended.expect("nothing runs");
    sitting.kill_server();
    sitting.next_server();
    sitting.are_gone(&[harness]).await;
    assert_eq!(status(&sitting).await, SessionStatus::Suspended);
    assert_eq!(promises::files(&workspace), before);
    sitting.works("mark-2").await;
    sitting.ends_as_promised().await;
}
