//! The machine loses its power right behind each sync of the journal and of the database, and the record that was being written then
//! is torn.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use vwm_api::TurnStatus;
use vwm_api::harness::{Entry, Record};
use vwm_failpoints::{POINTS, Who};
use vwm_tests::until;

use super::sitting::Sitting;

/// The moments behind a sync, from the prompt on; each is stopped at.
const SYNCED: [&str; 5] = [
    "store.create_turn.committed",
    "harness.turn.accepted",
    "harness.turn.sent",
    "harness.turn.ended",
    "store.store_records.committed",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_synced_when_the_power_went_is_enough_to_go_on_with() {
    for point in SYNCED {
        println!("the power goes at {point}");
        loses_power_at(point).await;
    }
}

async fn loses_power_at(name: &'static str) {
    let notes = tempfile::tempdir().expect("a folder");
    let reached = notes.path().join("reached");
    let point = POINTS.iter().find(|point| point.name == name);
    let (variable, prefix) = match point.expect("it is listed").who {
        Who::Server => ("VWM_FAILPOINTS", ""),
        Who::Harness | Who::Push => ("VWM_HARNESS_FAILPOINTS", "*:"),
    };
    let mut sitting = Sitting::begin_with(|command| {
        command.env(variable, format!("{prefix}{name}=stop"));
        command.env("VWM_FAILPOINTS_TOLD", &reached);
    })
    .await;
    let asking = sitting.asks("work mark-1");
    until(&format!("somebody to stop at {name}"), async || {
        let reached = std::fs::read_to_string(&reached).unwrap_or_default();
        (!reached.is_empty()).then_some(())
    })
    .await;
    sitting.kill_server();
    sitting.kill_harness().await;
    cut_to_what_is_synced(
        &sitting
            .world
            .volume(sitting.session)
            .state()
            .join("journal"),
    );
    tear_the_database(&sitting.world.data_dir().join("vwm.db-wal"));

    sitting.next_server();
    let answer = sitting.answer_of(asking).await;
    let runs = sitting.file("marks").lines().count();
    match answer.status {
        TurnStatus::Complete => assert_eq!(runs, 1, "{name}"),
        TurnStatus::OutcomeUnknown => assert!(runs <= 1, "{name}: {runs}"),
        other => panic!("{name}: the turn is {}", other.as_str()),
    }
    sitting.works("mark-2").await;
    sitting.ends_as_promised().await;
}

/// What came behind the last record that was synced is lost, but for half of one.
fn cut_to_what_is_synced(journal: &Path) {
    let text = std::fs::read_to_string(journal).expect("it is there");
    let mut kept = 0;
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        length += line.len();
        let Ok(record) = serde_json::from_str::<Record>(line) else {
            continue;
        };
        match record.entry {
            Entry::Accepted { .. } | Entry::Sent { .. } | Entry::Ended { .. } => kept = length,
            Entry::Event { .. } => {}
        }
    }
    let half = text.get(..text.len().min(40)).unwrap_or_default();
    let mut cut = text.get(..kept).expect("it ends with a line").to_owned();
    cut.push_str(half.trim_end());
    std::fs::write(journal, cut).expect("writes");
}

/// Half of a frame stands behind what was committed; a database elsewhere has its own way with that.
fn tear_the_database(log: &Path) {
    let Ok(frames) = std::fs::read(log) else {
        return;
    };
    let half = &frames[frames.len().saturating_sub(2000)..];
    let mut log = File::options().append(true).open(log).expect("opens");
    log.write_all(half).expect("writes");
}
