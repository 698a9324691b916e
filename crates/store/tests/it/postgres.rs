//! What only PostgreSQL can do to a store: not be there, not let it in, go away and come back, and have other servers.

use std::time::Duration;

use tokio::time::timeout;
use vwm_api::{SessionId, TurnStatus};
use vwm_store::testing::Way;
use vwm_store::{NewTurn, Store, StoreError};

use crate::kit::{Database, Kit, accepted, ended, new_turn, outcome, said};

/// No look at what is watched comes as early as this: what is heard by then was told.
const SOON: Duration = Duration::from_secs(3);
const AT_LAST: Duration = Duration::from_secs(30);

fn url(kit: &Kit) -> String {
    match &kit.database {
        Database::Postgres(database) => database.url(),
        Database::Sqlite => unreachable!("these tests are PostgreSQL's"),
    }
}

/// The parts of `postgres://user:password@host:port/database`.
fn parts(url: &str) -> (&str, &str, &str) {
    let (user, rest) = url.split_once('@').unwrap();
    let (address, database) = rest.split_once('/').unwrap();
    (user, address, database)
}

async fn refusal(kit: &Kit, url: &str) -> String {
    let refused = Store::open_postgres(kit.folder.path(), url).await;
    let refused = timeout(AT_LAST, async { refused }).await.unwrap();
    let Err(error) = refused else {
        panic!("it was let in");
    };
    assert!(matches!(error, StoreError::Postgres { .. }), "{error:?}");
    let told = vwm_api::chain(&error);
    assert!(!told.contains("s3cret"), "{told}");
    told
}

#[tokio::test]
async fn where_waiting_does_not_help_it_ends_at_once_and_says_what_to_do() {
    let kit = Kit::postgres().await;
    let url = url(&kit);
    let (_, address, database) = parts(&url);
    let told = refusal(&kit, &format!("postgres://vwm:s3cret@{address}/{database}")).await;
    assert!(told.contains("correct name and password"), "{told}");
    assert!(
        told.contains(&format!("database {database} at 127.0.0.1, port")),
        "{told}"
    );
    let told = refusal(&kit, &format!("postgres://vwm@{address}/{database}")).await;
    assert!(told.contains("correct name and password"), "{told}");
    let told = refusal(
        &kit,
        &format!("postgres://nobody:s3cret@{address}/{database}"),
    )
    .await;
    assert!(told.contains("correct name and password"), "{told}");
    let told = refusal(&kit, &url.replace(database, "elsewhere")).await;
    assert!(told.contains("there is no such database"), "{told}");
    let told = refusal(&kit, "postgres://vwm:s3cret@127.0.0.1:port/x").await;
    assert!(
        told.contains("postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        "{told}"
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let kit = Kit::postgres().await;
    let mut way = Way::closed(&url(&kit)).await;
    let through = way.url().to_owned();
    let opening = Store::open_postgres(kit.folder.path(), &through);
    tokio::pin!(opening);
    let early = timeout(Duration::from_millis(600), &mut opening).await;
    assert!(early.is_err(), "nobody listens there");
    way.open().await;
    let store = timeout(AT_LAST, opening).await.unwrap().unwrap();
    store.ping().await.unwrap();
}

#[tokio::test]
async fn news_of_one_server_wakes_those_who_watch_and_work_on_another() {
    let kit = Kit::postgres().await;
    let other = kit.open_again().await.unwrap();
    let session = kit.active().await;
    let mut watch = other.watch(session);
    let mut work = other.take_wakes();
    // Whoever begins to hear wakes all: what comes first may be that.
    timeout(AT_LAST, watch.changed()).await.unwrap();
    while timeout(SOON, watch.changed()).await.is_ok() {}
    kit.prompt(session).await;
    timeout(SOON, watch.changed()).await.expect("it was told");
    let woken = timeout(SOON, work.recv()).await.expect("it was told");
    assert_eq!(woken, Some(session));
}

#[tokio::test]
async fn a_server_that_could_not_hear_looks_again_once_it_can() {
    let kit = Kit::postgres().await;
    let mut way = Way::closed(&url(&kit)).await;
    way.open().await;
    let session = kit.active().await;
    let deaf = Store::open_postgres(kit.folder.path(), way.url()).await;
    let deaf = deaf.unwrap();
    let mut watch = deaf.watch(session);
    timeout(AT_LAST, watch.changed()).await.unwrap();
    way.close();
    kit.prompt(session).await;
    while timeout(SOON, watch.changed()).await.is_ok() {}
    way.open().await;
    timeout(AT_LAST, watch.changed())
        .await
        .expect("it looks again");
}

#[tokio::test]
async fn an_outage_is_told_as_what_may_pass_and_loses_nothing() {
    let mut kit = Kit::postgres().await;
    let mut way = Way::closed(&url(&kit)).await;
    way.open().await;
    let through = Store::open_postgres(kit.folder.path(), way.url()).await;
    kit.store = through.unwrap();
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let records = vec![
        accepted(1, &turn),
        said(2, &turn, "All is well."),
        ended(3, &turn, outcome(TurnStatus::Complete)),
    ];
    kit.store
        .store_records(session, records[..2].to_vec())
        .await
        .unwrap();
    way.close();
    let store = &kit.store;
    let failures = [
        store.store_records(session, records.clone()).await.err(),
        store.session(session).await.err(),
        store.ping().await.err(),
    ];
    for failure in failures {
        let failure = failure.expect("the database is away");
        assert!(failure.is_transient(), "{failure:?}");
    }
    way.open().await;
    // The same store, and the batch as it was: what is stored already is passed over.
    let stored = timeout(AT_LAST, async {
        loop {
            match store.store_records(session, records.clone()).await {
                Ok(stored) => return stored,
                Err(error) => assert!(error.is_transient(), "{error:?}"),
            }
        }
    });
    assert_eq!(stored.await.unwrap(), 3);
    let told: Vec<String> = kit.told(session).await.into_iter().map(|it| it.0).collect();
    assert_eq!(told, ["status", "status", "text", "complete"]);
}

#[tokio::test]
async fn a_connection_that_was_cut_in_a_transaction_is_not_used_again() {
    let kit = Kit::postgres().await;
    let session = kit.active().await;
    for _ in 0..5 {
        // Whatever is under way or rests: the store gets new ones.
        let writing = tokio::spawn({
            let (store, new) = (kit.store.clone(), new_turn(session));
            async move { store.create_turn(new, None).await }
        });
        kit.behind_its_back(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
        if let Err(error) = writing.await.unwrap() {
            assert!(error.is_transient(), "{error:?}");
        }
    }
    timeout(AT_LAST, async { while kit.store.ping().await.is_err() {} })
        .await
        .unwrap();
    // Positions have no hole: what was cut off left nothing.
    let turns = kit.store.turns(session).await.unwrap();
    let last = kit.count("SELECT last_position FROM sessions").await;
    assert_eq!(last, turns.len() as i64);
}

#[tokio::test]
async fn a_method_runs_also_when_nobody_waits_for_it_any_more() {
    let kit = Kit::postgres().await;
    let session = kit.active().await;
    let mut watch = kit.store.watch(session);
    let calling = kit.store.create_turn(new_turn(session), None);
    // Polled once, which starts it.
    assert!(timeout(Duration::ZERO, calling).await.is_err());
    timeout(AT_LAST, watch.changed()).await.unwrap();
    assert_eq!(kit.store.turns(session).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_character_that_its_texts_cannot_hold_is_replaced() {
    let kit = Kit::postgres().await;
    let session = kit.active().await;
    let new = NewTurn {
        prompt: "a\0b".to_owned(),
        ..new_turn(session)
    };
    assert_eq!(kit.ask(new).await.prompt, "a\u{fffd}b");
}

#[tokio::test]
async fn tables_lie_in_the_three_schemas() {
    let kit = Kit::postgres().await;
    let tables =
        |schema: &str| format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'");
    assert_eq!(kit.count(&tables("shared")).await, 1);
    assert_eq!(kit.count(&tables("vw_telemetry")).await, 4);
    assert!(kit.count(&tables("vwm")).await >= 10);
    assert_eq!(kit.count(&tables("public")).await, 0);
    assert_eq!(kit.store.database(), "postgres");
    assert!(kit.store.session(SessionId::new()).await.unwrap().is_none());
}
