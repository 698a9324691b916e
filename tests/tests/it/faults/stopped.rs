//! Somebody stands still, as in a machine that sleeps, and goes on: nothing is lost, and nobody is taken for dead.

use rustix::process::Signal;
use vwm_api::{AbortRequest, SessionStatus, TurnStatus};
use vwm_tests::{kill, until};

use super::sitting::{Asking, Sitting};

async fn in_mid_text() -> (Sitting, Asking) {
    let sitting = Sitting::begin().await;
    let asking = sitting.asks("talk mark-1");
    sitting.is_in_mid_text().await;
    (sitting, asking)
}

async fn goes_on(mut sitting: Sitting, asking: Asking) {
    let answer = sitting.answer_of(asking).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "one two three four")
    );
    sitting.works("mark-2").await;
    sitting.ends_as_promised().await;
}

#[tokio::test]
async fn a_server_that_stands_still_in_mid_text_goes_on_with_what_was_said_meanwhile() {
    let (sitting, asking) = in_mid_text().await;
    let journal = sitting
        .world
        .volume(sitting.session)
        .state()
        .join("journal");
    let length = || journal.metadata().map_or(0, |file| file.len());
    let server = sitting.world.server_pid();
    kill(server, Signal::STOP);
    let before = length();
    sitting.world.model.release("mid");
    until("the harness to go on", async || {
        (length() > before).then_some(())
    })
    .await;
    kill(server, Signal::CONT);
    goes_on(sitting, asking).await;
}

#[tokio::test]
async fn a_harness_that_stands_still_in_mid_text_is_waited_for() {
    let (sitting, asking) = in_mid_text().await;
    let harness = sitting.world.harness(sitting.session);
    kill(harness, Signal::STOP);
    sitting.world.model.release("mid");
    let session = sitting.client.session(sitting.session).await;
    assert_eq!(session.expect("it is known").status, SessionStatus::Active);
    kill(harness, Signal::CONT);
    assert_eq!(sitting.world.harness(sitting.session), harness);
    goes_on(sitting, asking).await;
}

#[tokio::test]
async fn an_engine_that_stands_still_in_mid_text_is_waited_for() {
    let (sitting, asking) = in_mid_text().await;
    let engine = sitting.pid_in("engine.pid").await;
    kill(engine, Signal::STOP);
    sitting.world.model.release("mid");
    kill(engine, Signal::CONT);
    goes_on(sitting, asking).await;
}

#[tokio::test]
async fn an_engine_that_stands_still_and_shall_stop_is_killed() {
    let (mut sitting, asking) = in_mid_text().await;
    let engine = sitting.pid_in("engine.pid").await;
    kill(engine, Signal::STOP);
    let which = AbortRequest::default();
    let aborted = sitting.client.abort(sitting.session, &which).await;
    aborted.expect("it is in flight");
    let answer = sitting.answer_of(asking).await;
    assert_eq!(answer.status, TurnStatus::Cancelled);
    sitting.are_gone(&[engine]).await;
    sitting.works("mark-2").await;
    sitting.ends_as_promised().await;
}
