//! What was answered is there after the worst end.

use std::fs;

use vwm_api::{SessionId, TurnStatus};
use vwm_store::Store;

use crate::kit::{Kit, accepted, ended, outcome, said};

async fn fill(kit: &Kit) -> SessionId {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let records = vec![
        accepted(1, &turn),
        said(2, &turn, "All is well."),
        ended(3, &turn, outcome(TurnStatus::Complete)),
    ];
    kit.store.store_records(session, records).await.unwrap();
    session
}

#[tokio::test]
async fn whatever_was_answered_is_in_the_files_at_that_moment() {
    let kit = Kit::sqlite().await;
    let session = fill(&kit).await;
    // The files as a crash would leave them: the store is open and has tidied up nothing.
    let crashed = tempfile::tempdir().unwrap();
    for file in ["vwm.db", "vwm.db-wal"] {
        fs::copy(kit.folder.path().join(file), crashed.path().join(file)).unwrap();
    }
    let found = Store::open(crashed.path()).await.unwrap();
    assert_eq!(
        found.session(session).await.unwrap(),
        kit.store.session(session).await.unwrap()
    );
    assert_eq!(
        found.turns(session).await.unwrap(),
        kit.store.turns(session).await.unwrap()
    );
    let events = found.events_after(session, 0, None, 100).await.unwrap();
    assert_eq!(events.len(), 4);
    assert_eq!(
        events,
        kit.store.events_after(session, 0, None, 100).await.unwrap()
    );
}

async fn a_store_that_was_dropped_without_being_closed_opens_again(mut kit: Kit) {
    let session = fill(&kit).await;
    let told = kit.told(session).await;
    let again = kit.open_again().await.unwrap();
    drop(std::mem::replace(&mut kit.store, again));
    assert_eq!(kit.told(session).await, told);
    // And numbers go on where they were.
    let turn = kit.prompt(session).await;
    let pumped = kit
        .store
        .store_records(session, vec![accepted(4, &turn), said(5, &turn, "on")])
        .await
        .unwrap();
    assert_eq!((pumped, kit.told(session).await.len()), (5, 5));
}
both!(a_store_that_was_dropped_without_being_closed_opens_again);
