//! The machine's clock jumps: no session ages by that.

use std::path::Path;

use vwm_api::{EventBody, SessionStatus, TurnStatus};
use vwm_tests::until;

use super::sitting::Sitting;

/// Sets the clock wrong by so many seconds, and waits until the server has seen it.
async fn jumps(sitting: &Sitting, clock: &Path, seconds: i64) {
    let seen = || sitting.world.log().matches("clock jumped").count();
    let before = seen();
    let written = clock.with_extension("new");
    std::fs::write(&written, seconds.to_string()).expect("writes");
    std::fs::rename(written, clock).expect("renames");
    until("the server to see it", async || {
        (seen() > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_jumps_by_an_hour_ends_and_suspends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "0").expect("writes");
    // An idle session is suspended after 15 minutes, and its time is an hour.
    let mut sitting = Sitting::begin_with(|command| {
        command.env("VWM_CLOCK", &clock);
    })
    .await;
    jumps(&sitting, &clock, 3700).await;
    sitting.works("mark-1").await;
    jumps(&sitting, &clock, -3700).await;
    sitting.works("mark-2").await;
    let asking = sitting.asks("talk mark-3");
    sitting.is_in_mid_text().await;
    jumps(&sitting, &clock, 3700).await;
    sitting.world.model.release("mid");
    let answer = sitting.answer_of(asking).await;
    assert_eq!(answer.status, TurnStatus::Complete);
    let session = sitting.client.session(sitting.session).await;
    let session = session.expect("it is known");
    assert_eq!(session.status, SessionStatus::Active);
    let events = sitting.ends_as_promised().await;
    let moves: Vec<SessionStatus> = events
        .iter()
        .filter_map(|event| match event.body {
            EventBody::Status { to, .. } => Some(to),
            _ => None,
        })
        .collect();
    let expected = [
        SessionStatus::Pending,
        SessionStatus::Active,
        SessionStatus::Ending,
        SessionStatus::Ended,
    ];
    assert_eq!(moves, expected);
}
