//! A disk that is full, under everything or under the sessions alone: what was told is kept, and it goes on when there is room.

use std::time::Duration;

use serde_json::json;
use vwm_api::TurnStatus;
use vwm_tests::{Disk, World};

use super::sitting::Sitting;

/// Enough for a database and a session.
const SIZE: u64 = 64 << 20;

/// How long a prompt is waited for that may wait for room.
const SOON: Duration = Duration::from_secs(3);

/// A session on a disk of its own, or whose session's folder alone is on one.
async fn on_a_disk(folder: &str) -> (Sitting, Disk) {
    let mut world = World::without_server(json!({})).await;
    let place = world.data_dir().join(folder);
    std::fs::create_dir_all(&place).expect("makes a folder");
    let disk = Disk::at(&place, SIZE);
    world.start_server_with(|command| {
        command.args(["--disk-reserve", "0"]);
    });
    (Sitting::begin_in(world).await, disk)
}

#[tokio::test]
async fn a_disk_that_is_full_refuses_a_prompt_and_takes_it_when_there_is_room() {
    let (mut sitting, disk) = on_a_disk("").await;
    sitting.works("mark-1").await;
    disk.fill();
    let prompt = sitting.world.prompt("work mark-2");
    let client = sitting.world.client();
    let prompting = client.prompt(sitting.session, &prompt);
    match tokio::time::timeout(SOON, prompting).await {
        Ok(Err(error)) => assert!(error.status().is_some_and(|it| it >= 500), "{error}"),
        Ok(Ok(answer)) => assert_ne!(answer.status, TurnStatus::Complete),
        // The database is elsewhere or had a page left, and the journal has none: it waits for room.
        Err(_) => {}
    }
    disk.free();
    sitting.works("mark-3").await;
    sitting.ends_as_promised().await;
}

#[tokio::test]
async fn a_workspace_without_room_in_mid_text_costs_the_turn_and_not_the_session() {
    let (mut sitting, disk) = on_a_disk("sessions").await;
    let asking = sitting.asks("talk mark-1");
    sitting.is_in_mid_text().await;
    disk.fill();
    sitting.world.model.release("mid");
    let asked = sitting.asks("work mark-2");
    disk.free();
    let answer = sitting.answer_of(asking).await;
    let is_known = matches!(
        answer.status,
        TurnStatus::Complete | TurnStatus::OutcomeUnknown
    );
    assert!(is_known, "{answer:?}");
    let answer = sitting.answer_of(asked).await;
    assert!(answer.status.is_over());
    sitting.works("mark-3").await;
    sitting.ends_as_promised().await;
}
