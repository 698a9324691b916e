//! A harness that lost its server for good.

use std::time::Duration;

use tokio::time::Instant;
use vwm_api::harness::Boot;
use vwm_api::{SubsessionId, TurnKind};

use super::*;
use crate::conversation::aborted;
use crate::tests_setup::setup;

async fn session() -> (tempfile::TempDir, Arc<Session>) {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = VolumePaths::new(folder.path());
    std::fs::create_dir_all(paths.state()).expect("makes it");
    let path = paths.state().join("journal");
    let journal = Arc::new(Journal::open(&path, 1, 0).expect("opens"));
    let boot = Boot {
        session: setup().session,
        generation: 1,
        token: "token".to_owned(),
        stored_n: 0,
    };
    let session = Session::open(boot, paths, journal, Vec::new()).await;
    (folder, session.expect("opens"))
}

/// Whether it is about a quarter of an hour.
fn is_a_quarter(time: Duration) -> bool {
    (FORSAKEN..=FORSAKEN + 3 * LOOK).contains(&time)
}

#[tokio::test(start_paused = true)]
async fn it_ends_a_quarter_of_an_hour_after_it_heard_of_a_server() {
    let (_folder, session) = session().await;
    let forsaken = {
        let session = Arc::clone(&session);
        tokio::spawn(async move { session.until_forsaken().await })
    };
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(600)).await;
        session.touch();
    }
    let since = Instant::now();
    forsaken.await.expect("no panic");
    assert!(is_a_quarter(since.elapsed()), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_time_counts_from_the_end_of_a_turn() {
    let (_folder, session) = session().await;
    let order = TurnOrder {
        turn: TurnId::new(),
        subsession: SubsessionId::main(session.boot.session),
        kind: TurnKind::Prompt,
        prompt: "hello".to_owned(),
        timeout_s: 60,
    };
    let accepted = Entry::Accepted {
        order: order.clone(),
    };
    let journal = &session.journal;
    journal.append_synced(accepted).await.expect("appends");
    let forsaken = {
        let session = Arc::clone(&session);
        tokio::spawn(async move { session.until_forsaken().await })
    };
    tokio::time::sleep(Duration::from_secs(7200)).await;
    assert!(!forsaken.is_finished());
    assert!(journal.end_turn(order.turn, aborted()).await);
    let since = Instant::now();
    forsaken.await.expect("no panic");
    assert!(is_a_quarter(since.elapsed()), "{:?}", since.elapsed());
}
