//! Methods at the same time: each decides on what holds when it is its turn.

use std::future::Future;

use serde_json::json;
use vwm_api::{OnBusy, SessionId, WorkerDefinition};
use vwm_store::{NewTurn, StoreError, TurnCreated};

use crate::kit::{Kit, definition, new_turn, runtime};

/// Runs them at the same time, each as a task.
async fn together<T: Send + 'static>(
    calls: impl Iterator<Item: Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = calls.map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

async fn of_many_prompts_one_is_offered_and_the_queue_holds_no_more_than_it_may(kit: Kit) {
    let session = kit.active().await;
    kit.store.new_generation(session).await.unwrap();
    let made = together((0..20).map(|_| {
        let store = kit.store.clone();
        let new = NewTurn {
            queue_limit: 9,
            ..new_turn(session)
        };
        async move { store.create_turn(new, None).await.unwrap() }
    }))
    .await;
    let count = |is: fn(&TurnCreated) -> bool| made.iter().filter(|made| is(made)).count();
    assert_eq!(count(|made| matches!(made, TurnCreated::New(_))), 10);
    assert_eq!(count(|made| matches!(made, TurnCreated::QueueFull)), 10);
    let offered = count(|made| matches!(made, TurnCreated::New(turn) if turn.offered));
    assert_eq!(offered, 1);

    let other = kit.active().await;
    let made = together((0..10).map(|_| {
        let store = kit.store.clone();
        let new = NewTurn {
            on_busy: OnBusy::Reject,
            ..new_turn(other)
        };
        async move { store.create_turn(new, None).await.unwrap() }
    }))
    .await;
    let busy = made.iter().filter(|made| **made == TurnCreated::Busy);
    assert_eq!(busy.count(), 9);
}
both!(of_many_prompts_one_is_offered_and_the_queue_holds_no_more_than_it_may);

async fn changes_of_one_setting_make_a_revision_each(kit: Kit) {
    together((0..12).map(|value| {
        let store = kit.store.clone();
        async move { store.set_setting("x", json!(value), None).await.unwrap() }
    }))
    .await;
    let told = kit.store.setting_with_history("x", 100).await.unwrap();
    let revisions: Vec<i64> = told.unwrap().history.iter().map(|it| it.revision).collect();
    assert_eq!(revisions, (1..=12).rev().collect::<Vec<_>>());
}
both!(changes_of_one_setting_make_a_revision_each);

async fn changes_of_one_worker_follow_each_other_or_are_told_to_read_again(kit: Kit) {
    let change = |number: i64, expected: Option<i64>| {
        let store = kit.store.clone();
        let worker = kit.worker.clone();
        async move {
            let definition = WorkerDefinition {
                description: Some(number.to_string()),
                ..worker.definition
            };
            let hash = format!("hash-of-{number}");
            let changed = store.update_worker(worker.id, definition, &hash, expected, None, false);
            changed.await
        }
    };
    let changed = together((0..8).map(|number| change(number, None))).await;
    let mut revisions: Vec<i64> = changed.into_iter().map(|it| it.unwrap().revision).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (2..=9).collect::<Vec<_>>());
    let changed = together((10..18).map(|number| change(number, Some(9)))).await;
    let (done, refused): (Vec<_>, Vec<_>) = changed.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 7));
    assert!(
        refused
            .iter()
            .all(|it| matches!(it, Err(StoreError::Stale { current: 10 }))),
        "{refused:?}"
    );
}
both!(changes_of_one_worker_follow_each_other_or_are_told_to_read_again);

async fn no_session_is_made_of_a_worker_that_goes_and_none_goes_that_has_one(kit: Kit) {
    let runtime_id = kit.worker.definition.runtime_id;
    for round in 0..20 {
        let named = definition(&format!("worker-{round}"), runtime_id);
        let worker = kit.store.create_worker(named, "hash", None).await.unwrap();
        let mut new = kit.new_session();
        (new.worker_id, new.worker_revision) = (worker.id, 1);
        let (one, other) = (kit.store.clone(), kit.store.clone());
        let made = tokio::spawn(async move { one.create_session(new, None).await });
        let gone = tokio::spawn(async move { other.delete_worker(worker.id, false, None).await });
        match (made.await.unwrap(), gone.await.unwrap()) {
            (Ok(_), Err(StoreError::InUse { .. }))
            | (Err(StoreError::UnknownReference { .. }), Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
both!(no_session_is_made_of_a_worker_that_goes_and_none_goes_that_has_one);

async fn no_worker_is_made_on_a_runtime_that_goes_and_none_goes_that_has_one(kit: Kit) {
    for round in 0..20 {
        let name = format!("runtime-{round}");
        let made = kit.store.create_runtime(runtime(&name)).await.unwrap();
        let (one, other) = (kit.store.clone(), kit.store.clone());
        let named = definition(&format!("worker-{round}"), made.id);
        let made_on = tokio::spawn(async move { one.create_worker(named, "hash", None).await });
        let gone = tokio::spawn(async move { other.delete_runtime(made.id).await });
        match (made_on.await.unwrap(), gone.await.unwrap()) {
            (Ok(_), Err(StoreError::InUse { .. }))
            | (Err(StoreError::UnknownReference { .. }), Ok(())) => {}
            other => panic!("{other:?}"),
        }
    }
}
both!(no_worker_is_made_on_a_runtime_that_goes_and_none_goes_that_has_one);

async fn many_sessions_prompt_and_pump_at_once_and_none_loses_a_number(kit: Kit) {
    let mut sessions: Vec<SessionId> = Vec::new();
    for _ in 0..6 {
        sessions.push(kit.active().await);
    }
    let calls: Vec<_> = (0..60)
        .map(|number| sessions[number % sessions.len()])
        .collect();
    together(calls.into_iter().map(|session| {
        let store = kit.store.clone();
        async move {
            store.create_turn(new_turn(session), None).await.unwrap();
            let told = vwm_api::AgentEvent::notice("stalled", "it is silent").into();
            store.append_event(session, None, None, told).await.unwrap();
        }
    }))
    .await;
    for session in sessions {
        assert_eq!(kit.told(session).await.len(), 12);
        assert_eq!(kit.store.turns(session).await.unwrap().len(), 10);
    }
}
both!(many_sessions_prompt_and_pump_at_once_and_none_loses_a_number);
