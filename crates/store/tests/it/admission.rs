//! How many sessions there may be, how many turns may run, and what asks again.

use vwm_api::{SessionStatus, Trigger, TurnCounts, TurnStatus};
use vwm_store::{NewSessionRow, NewTurn, SessionLimits, StoreError};

use crate::kit::{Kit, accepted, ended, new_turn, outcome};

fn limits(server: Option<u64>, worker: Option<u64>) -> SessionLimits {
    SessionLimits { server, worker }
}

fn is_full(made: Result<impl Sized, StoreError>) -> bool {
    match made {
        Ok(_) => false,
        Err(StoreError::SessionsFull { .. }) => true,
        Err(error) => panic!("{error}"),
    }
}

async fn fifty_calls_at_once_make_as_many_sessions_as_may_be(kit: Kit) {
    for limits in [limits(Some(7), None), limits(Some(100), Some(9))] {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let new = NewSessionRow {
                limits,
                ..kit.new_session()
            };
            let store = kit.store.clone();
            calls.spawn(async move { is_full(store.create_session(new, None).await) });
        }
        let refused = calls.join_all().await;
        let refused = refused.into_iter().filter(|is_full| *is_full).count();
        // The first round's sessions count in the second, which may have two more.
        let made = if limits.worker.is_none() { 7 } else { 2 };
        assert_eq!(50 - refused, made);
    }
    let pending = (SessionStatus::Pending, 9);
    assert_eq!(kit.store.session_counts().await.unwrap(), [pending]);
}
both!(fifty_calls_at_once_make_as_many_sessions_as_may_be);

async fn a_place_is_free_again_when_a_session_is_suspended_failed_or_over(kit: Kit) {
    let limits = limits(Some(1), None);
    // What is said beforehand is what becomes of it.
    let made = async || {
        let room = is_full(kit.store.has_room(limits).await);
        let new = NewSessionRow {
            limits,
            ..kit.new_session()
        };
        let id = new.id;
        let is_full = is_full(kit.store.create_session(new, None).await);
        assert_eq!(room, is_full);
        (!is_full).then_some(id)
    };
    let first = made().await.unwrap();
    assert_eq!(made().await, None);
    kit.move_on(first, SessionStatus::Pending, Trigger::Ready)
        .await;
    assert_eq!(made().await, None);
    kit.move_on(first, SessionStatus::Active, Trigger::Suspend)
        .await;
    let second = made().await.unwrap();
    kit.move_on(second, SessionStatus::Pending, Trigger::End)
        .await;
    assert_eq!(made().await, None, "it is ending");
    kit.move_on(second, SessionStatus::Ending, Trigger::Ended)
        .await;
    let third = made().await.unwrap();
    // Who comes back is not refused, also where that makes them too many.
    kit.move_on(first, SessionStatus::Suspended, Trigger::Ready)
        .await;
    kit.move_on(third, SessionStatus::Pending, Trigger::GiveUp)
        .await;
    assert_eq!(made().await, None);
}
both!(a_place_is_free_again_when_a_session_is_suspended_failed_or_over);

async fn a_turn_that_needs_a_slot_is_not_offered_as_it_is_made_and_a_retry_keeps_its_name(
    kit: Kit,
) {
    let session = kit.active().await;
    kit.store.new_generation(session).await.unwrap();
    let first = kit
        .ask(NewTurn {
            needs_slot: true,
            ..new_turn(session)
        })
        .await;
    assert!(!first.offered);
    let second = kit.prompt(session).await;
    let told = async || {
        let waiting = kit.store.waiting(100).await.unwrap();
        let holders = kit.store.slot_holders().await.unwrap();
        let waiting: Vec<_> = waiting
            .iter()
            .map(|turn| (turn.id, turn.is_behind))
            .collect();
        let holders: Vec<_> = holders.iter().map(|turn| turn.id).collect();
        (
            waiting,
            holders,
            kit.store.open_turn_counts().await.unwrap(),
        )
    };
    let counts = |running, waiting| TurnCounts { running, waiting };
    let both = vec![(first.id, false), (second.id, true)];
    assert_eq!(told().await, (both.clone(), vec![], counts(0, 2)));
    assert!(kit.store.offer_turn(first.id).await.unwrap());
    assert_eq!(told().await, (both, vec![first.id], counts(0, 2)));
    kit.store
        .store_records(session, vec![accepted(1, &first)])
        .await
        .unwrap();
    assert_eq!(
        told().await,
        (vec![(second.id, true)], vec![first.id], counts(1, 1))
    );
    let failed = ended(2, &first, outcome(TurnStatus::Failed));
    kit.store
        .store_records(session, vec![failed])
        .await
        .unwrap();
    assert_eq!(
        told().await,
        (vec![(second.id, false)], vec![], counts(0, 1))
    );

    let again = kit
        .ask(NewTurn {
            retry_of: Some(first.id),
            ..new_turn(session)
        })
        .await;
    let outcome = outcome(TurnStatus::Complete);
    let records = vec![accepted(3, &again), ended(4, &again, outcome)];
    kit.store.store_records(session, records).await.unwrap();
    let again = kit.store.turn(again.id).await.unwrap().unwrap();
    assert_eq!(again.retry_of, Some(first.id));
    assert_eq!(again.answer.unwrap().retry_of, Some(first.id));
    let rows = kit.store.telemetry(session, None).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.retry_of).collect::<Vec<_>>(),
        [None, None, Some(first.id)]
    );
}
both!(a_turn_that_needs_a_slot_is_not_offered_as_it_is_made_and_a_retry_keeps_its_name);
