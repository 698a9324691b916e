//! What a batch promises.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vwm_api::{Role, SessionId};

use super::{Running, Written};
use crate::db::{Connection, query};
use crate::{Result, Store, StoreError};

/// Adds a key named so; a method that can be told to fail after it wrote.
fn add<'c>(
    connection: &'c mut Connection,
    name: u8,
    fails: bool,
) -> Running<'c, Result<Written<u8>>> {
    Box::pin(async move {
        query("INSERT INTO api_keys (id, name, role, hash, created_at) VALUES ($1, $2, $3, $1, 0)")
            .bind(vec![name; 16])
            .bind(name.to_string())
            .bind(Role::Read.as_str())
            .execute(connection)
            .await?;
        if fails {
            return Err(StoreError::Locked);
        }
        Ok(Written::silently(name))
    })
}

async fn names(store: &Store) -> Vec<String> {
    query("SELECT name FROM api_keys ORDER BY name")
        .fetch_all(&store.readers)
        .await
        .unwrap()
        .iter()
        .map(|row| row.try_get("name").unwrap())
        .collect()
}

/// Keeps the writer busy, so that what is asked meanwhile becomes one batch.
async fn hold(store: &Store) -> (oneshot::Sender<()>, JoinHandle<Result<()>>) {
    let (release, released) = oneshot::channel();
    let (begin, begun) = oneshot::channel();
    let store = store.clone();
    let held = tokio::spawn(async move {
        store
            .write(move |_| {
                Box::pin(async move {
                    begin.send(()).unwrap();
                    released.await.unwrap();
                    Ok(Written::silently(()))
                })
            })
            .await
    });
    begun.await.unwrap();
    (release, held)
}

/// Asks for methods at once, lets them run as one batch, and returns their answers.
async fn batch(store: &Store, methods: &[(u8, bool)]) -> Vec<Result<u8>> {
    let (release, held) = hold(store).await;
    let mut calls = Vec::new();
    for &(name, fails) in methods {
        let mut call = Box::pin(store.write(move |connection| add(connection, name, fails)));
        ask(&mut call).await;
        calls.push(call);
    }
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await);
    }
    answers
}

/// Polls once, which puts the method into the writer's inbox.
async fn ask<T>(call: &mut Pin<Box<impl Future<Output = T>>>) {
    let is_pending = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await;
    assert!(is_pending, "the writer is held, so there is no answer yet");
}

#[tokio::test]
async fn a_method_that_fails_takes_nothing_of_its_batch_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let answers = batch(&store, &[(1, false), (2, true), (3, false)]).await;
    assert!(matches!(
        answers.as_slice(),
        [Ok(1), Err(StoreError::Locked), Ok(3)]
    ));
    assert_eq!(names(&store).await, ["1", "3"]);
}

#[tokio::test]
async fn when_the_transaction_breaks_all_its_methods_fail_and_the_next_ones_work() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let (release, held) = hold(&store).await;
    let mut before = Box::pin(store.write(|connection| add(connection, 1, false)));
    // As a full disk does it: the database undoes the whole transaction, savepoints included.
    let mut breaks = Box::pin(store.write(|connection| {
        Box::pin(async move {
            connection.run("ROLLBACK").await?;
            Ok(Written::silently(()))
        })
    }));
    let mut behind = Box::pin(store.write(|connection| add(connection, 3, false)));
    ask(&mut before).await;
    ask(&mut breaks).await;
    ask(&mut behind).await;
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    assert!(matches!(before.await, Err(StoreError::Database(_))));
    assert!(matches!(breaks.await, Err(StoreError::Database(_))));
    assert!(matches!(behind.await, Err(StoreError::Database(_))));
    assert_eq!(names(&store).await, Vec::<String>::new());

    store
        .write(|connection| add(connection, 4, false))
        .await
        .unwrap();
    assert_eq!(names(&store).await, ["4"]);
}

#[tokio::test]
async fn a_method_runs_also_when_nobody_waits_for_it_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let (release, held) = hold(&store).await;
    let mut call = Box::pin(store.write(|connection| add(connection, 1, false)));
    ask(&mut call).await;
    drop(call);
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    // What comes later in the same inbox is answered later.
    store.ping().await.unwrap();
    assert_eq!(names(&store).await, ["1"]);
}

#[tokio::test]
async fn closing_writes_what_waits_and_refuses_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let (release, held) = hold(&store).await;
    let mut call = Box::pin(store.write(|connection| add(connection, 1, false)));
    ask(&mut call).await;
    let mut closing = Box::pin(store.close());
    ask(&mut closing).await;
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    closing.await.unwrap();
    assert!(matches!(call.await, Ok(1)));
    assert!(matches!(
        store.touch(SessionId::new()).await,
        Err(StoreError::Closed)
    ));
    assert!(matches!(store.has_key().await, Err(StoreError::Closed)));
    drop(store);
    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(names(&store).await, ["1"]);
}
