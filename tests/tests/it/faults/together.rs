//! Server, harness and engine die at once, as with the machine.

use rustix::process::Signal;
use vwm_api::TurnStatus;
use vwm_tests::{descendants, kill};

use super::sitting::{Asking, Sitting};

/// Kills the server, the harness, the engine and all that they started; then the next server comes.
async fn all_die(sitting: &mut Sitting) {
    let harness = sitting.world.harness(sitting.session);
    let mut all = vec![harness];
    all.extend(descendants(harness));
    sitting.kill_server();
    for pid in &all {
        kill(*pid, Signal::KILL);
    }
    sitting.are_gone(&all).await;
    sitting.next_server();
}

async fn nobody_knows_how_it_ended(mut sitting: Sitting, asking: Asking) {
    let answer = sitting.answer_of(asking).await;
    assert_eq!(answer.status, TurnStatus::OutcomeUnknown);
    sitting.works("mark-2").await;
    assert_eq!(sitting.file("marks"), "mark-1\nmark-2\n");
    sitting.ends_as_promised().await;
}

#[tokio::test]
async fn all_three_killed_in_mid_text_leave_the_turn_unknown_and_the_session_alive() {
    let mut sitting = Sitting::begin().await;
    let asking = sitting.asks("talk mark-1");
    sitting.is_in_mid_text().await;
    all_die(&mut sitting).await;
    nobody_knows_how_it_ended(sitting, asking).await;
}

#[tokio::test]
async fn all_three_killed_in_mid_tool_leave_the_turn_unknown_and_the_session_alive() {
    let mut sitting = Sitting::begin().await;
    let asking = sitting.asks("tool mark-1");
    let tool = sitting.is_in_mid_tool().await;
    all_die(&mut sitting).await;
    sitting.are_gone(&[tool]).await;
    nobody_knows_how_it_ended(sitting, asking).await;
}
