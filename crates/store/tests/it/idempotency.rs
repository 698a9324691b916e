//! The same call twice makes one thing.

use vwm_api::{KeyId, SessionStatus, Trigger};
use vwm_store::{Created, Idempotency, NewTurn, StoreError, TurnCreated};

use crate::kit::{Kit, new_turn};

fn call(key: &str, hash: u8) -> Idempotency {
    Idempotency {
        key_id: KeyId(vwm_api::SessionId::new().0),
        key: key.to_owned(),
        request_hash: [hash; 32],
    }
}

async fn the_same_call_many_times_at_once_makes_one_session(kit: Kit) {
    let call = call("a", 1);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, new, call) = (kit.store.clone(), kit.new_session(), call.clone());
        calls.spawn(async move { store.create_session(new, Some(&call)).await.unwrap() });
    }
    let (mut made, mut ids) = (0, Vec::new());
    while let Some(created) = calls.join_next().await {
        let created = created.unwrap();
        made += usize::from(matches!(created, Created::New(_)));
        ids.push(created.into_inner().session.id);
    }
    ids.dedup();
    assert_eq!((made, ids.len()), (1, 1));
    let found = kit.store.session_made_by(&call).await.unwrap();
    assert_eq!(found.map(|row| row.session.id), Some(ids[0]));
    assert_eq!(kit.told(ids[0]).await.len(), 1);
}
both!(the_same_call_many_times_at_once_makes_one_session);

async fn a_key_is_one_caller_s_and_stands_for_one_request(kit: Kit) {
    let session = kit.active().await;
    let first = call("a", 1);
    let TurnCreated::New(made) = kit
        .store
        .create_turn(new_turn(session), Some(&first))
        .await
        .unwrap()
    else {
        panic!("nobody used the key before");
    };
    // The answer of then, also when the session takes no more turns.
    kit.move_on(session, SessionStatus::Active, Trigger::End)
        .await;
    let again = kit
        .store
        .create_turn(new_turn(session), Some(&first))
        .await
        .unwrap();
    assert_eq!(again, TurnCreated::Existing(made.clone()));

    let other_request = Idempotency {
        request_hash: [2; 32],
        ..first.clone()
    };
    let refused = kit
        .store
        .create_turn(new_turn(session), Some(&other_request))
        .await;
    assert!(matches!(refused, Err(StoreError::IdempotencyMismatch)));
    // The same key of a turn does not give a session, nor another's.
    let looked_up = kit.store.session_made_by(&first).await;
    assert!(matches!(looked_up, Err(StoreError::IdempotencyMismatch)));
    let refused = kit
        .store
        .create_session(kit.new_session(), Some(&first))
        .await;
    assert!(matches!(refused, Err(StoreError::IdempotencyMismatch)));
    let other_caller = Idempotency {
        key_id: KeyId::new(),
        ..other_request
    };
    let looked_up = kit.store.session_made_by(&other_caller).await.unwrap();
    assert_eq!(looked_up, None);
    let created = kit
        .store
        .create_session(kit.new_session(), Some(&other_caller))
        .await
        .unwrap();
    assert!(matches!(created, Created::New(_)));
    assert_eq!(kit.store.turns(session).await.unwrap(), [made]);
}
both!(a_key_is_one_caller_s_and_stands_for_one_request);

async fn only_a_call_that_made_something_is_kept(kit: Kit) {
    let session = kit.pending().await;
    let call = call("a", 1);
    let refused = kit
        .store
        .create_turn(new_turn(session), Some(&call))
        .await
        .unwrap();
    assert_eq!(refused, TurnCreated::SessionIs(SessionStatus::Pending));
    let nowhere = new_turn(vwm_api::SessionId::new());
    let missed = kit.store.create_turn(nowhere, Some(&call)).await;
    assert!(matches!(missed, Err(StoreError::NotFound)));
    kit.move_on(session, SessionStatus::Pending, Trigger::Ready)
        .await;
    let created = kit
        .store
        .create_turn(new_turn(session), Some(&call))
        .await
        .unwrap();
    assert!(matches!(created, TurnCreated::New(_)));
}
both!(only_a_call_that_made_something_is_kept);

async fn after_a_day_a_key_can_be_used_for_something_else(kit: Kit) {
    let session = kit.active().await;
    let (first, second) = (call("a", 1), call("b", 1));
    let new = || NewTurn {
        id: vwm_api::TurnId::new(),
        ..new_turn(session)
    };
    for call in [&first, &second] {
        kit.store.create_turn(new(), Some(call)).await.unwrap();
    }
    let day = 24 * 60 * 60 * 1_000_000_i64;
    for (key, age) in [("a", day), ("b", day - 60_000_000)] {
        let sql = format!(
            "UPDATE idempotency_keys SET created_at = created_at - {age} WHERE key = '{key}'"
        );
        kit.behind_its_back(&sql).await;
    }
    let late = Idempotency {
        request_hash: [2; 32],
        ..first
    };
    let created = kit.store.create_turn(new(), Some(&late)).await.unwrap();
    assert!(matches!(created, TurnCreated::New(_)));
    let created = kit.store.create_turn(new(), Some(&second)).await.unwrap();
    assert!(matches!(created, TurnCreated::Existing(_)));
}
both!(after_a_day_a_key_can_be_used_for_something_else);

async fn who_asks_again_after_a_day_finds_no_session(kit: Kit) {
    let call = call("a", 1);
    let made = kit.store.create_session(kit.new_session(), Some(&call));
    let made = made.await.unwrap().into_inner();
    let found = async || kit.store.session_made_by(&call).await.unwrap();
    assert_eq!(found().await.map(|row| row.session), Some(made.session));
    let day = 24 * 60 * 60 * 1_000_000_i64;
    kit.behind_its_back(&format!(
        "UPDATE idempotency_keys SET created_at = created_at - {day}"
    ))
    .await;
    assert_eq!(found().await, None);
}
both!(who_asks_again_after_a_day_finds_no_session);
