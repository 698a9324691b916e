//! Sessions are made, moved, listed, and their jobs counted.

use vwm_api::{EndStep, RuntimeId, SessionId, SessionStatus, Trigger, WorkerId};
use vwm_store::{BlobHash, NewSessionRow, SessionFilter, StoreError};

use crate::kit::{Kit, definition};

async fn two_movers_cannot_both_win(kit: Kit) {
    for round in 0..20 {
        let id = kit.active().await;
        let go = async |trigger| {
            let moved = kit
                .store
                .move_session(id, SessionStatus::Active, trigger, None);
            moved.await.unwrap().map(|row| row.session.status)
        };
        let (one, other) = if round % 2 == 0 {
            tokio::join!(go(Trigger::Suspend), go(Trigger::End))
        } else {
            tokio::join!(go(Trigger::End), go(Trigger::Suspend))
        };
        let winners: Vec<SessionStatus> = one.into_iter().chain(other).collect();
        assert_eq!(winners.len(), 1);
        let row = kit.store.session(id).await.unwrap().unwrap();
        assert_eq!(row.session.status, winners[0]);
        assert_eq!(kit.told(id).await.len(), 3);
    }
}
both!(two_movers_cannot_both_win);

async fn a_session_tells_every_move_and_keeps_what_it_means(kit: Kit) {
    let id = kit.pending().await;
    let store = &kit.store;
    let reason = Some("the branch does not exist; name another".to_owned());
    let failed = store
        .move_session(id, SessionStatus::Pending, Trigger::GiveUp, reason.clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(failed.session.status_reason, reason);
    assert!(!store.set_session_reason(id, reason).await.unwrap());
    assert!(store.set_session_reason(id, None).await.unwrap());
    let does_not_apply = store
        .move_session(id, SessionStatus::Failed, Trigger::Suspend, None)
        .await
        .unwrap();
    assert_eq!(does_not_apply, None);

    kit.move_on(id, SessionStatus::Failed, Trigger::End).await;
    let ending = store.session(id).await.unwrap().unwrap().session;
    assert_eq!(
        (ending.end_step, ending.ended_at),
        (Some(EndStep::Stopping), None)
    );
    assert!(
        !store
            .set_end_step(id, EndStep::Learning, EndStep::Collecting)
            .await
            .unwrap()
    );
    assert!(
        store
            .set_end_step(id, EndStep::Stopping, EndStep::Collecting)
            .await
            .unwrap()
    );
    assert!(
        !store
            .set_end_step(id, EndStep::Stopping, EndStep::Collecting)
            .await
            .unwrap()
    );
    kit.move_on(id, SessionStatus::Ending, Trigger::Ended).await;
    let ended = store.session(id).await.unwrap().unwrap();
    assert_eq!(ended.session.end_step, Some(EndStep::Collecting));
    assert!(ended.session.ended_at.is_some());

    let frames = store.events_after(id, 0, None, 10).await.unwrap();
    let told: Vec<&str> = frames.iter().map(|frame| frame.data.as_str()).collect();
    assert_eq!(
        told,
        [
            r#"{"type":"status","data":{"from":null,"to":"pending","reason":null}}"#,
            r#"{"type":"status","data":{"from":"pending","to":"failed","reason":"the branch does not exist; name another"}}"#,
            r#"{"type":"status","data":{"from":"failed","to":"ending","reason":null}}"#,
            r#"{"type":"status","data":{"from":"ending","to":"ended","reason":null}}"#,
        ]
    );
    assert_eq!(ended.last_seq, 4);
}
both!(a_session_tells_every_move_and_keeps_what_it_means);

async fn pages_go_from_the_newest_to_the_oldest_without_a_double(kit: Kit) {
    let mut ids = Vec::new();
    for count in 0..5 {
        let breadcrumbs = if count % 2 == 0 {
            vec!["even".to_owned()]
        } else {
            vec![]
        };
        let new = NewSessionRow {
            breadcrumbs,
            ..kit.new_session()
        };
        ids.push(new.id);
        kit.store.create_session(new, None).await.unwrap();
    }
    ids.reverse();
    kit.move_on(ids[4], SessionStatus::Pending, Trigger::Ready)
        .await;

    let list = async |filter: SessionFilter| {
        let page = kit.store.sessions(filter).await.unwrap();
        let found: Vec<SessionId> = page.items.iter().map(|session| session.id).collect();
        (found, page.next_cursor)
    };
    let page = |cursor| SessionFilter {
        limit: 2,
        cursor,
        ..SessionFilter::default()
    };
    let (first, cursor) = list(page(None)).await;
    assert_eq!(first, ids[..2]);
    let (second, cursor) = list(page(Some(cursor.unwrap()))).await;
    assert_eq!(second, ids[2..4]);
    let (third, cursor) = list(page(Some(cursor.unwrap()))).await;
    assert_eq!((third.as_slice(), cursor), (&ids[4..], None));

    let breadcrumb = Some("even".to_owned());
    let even = list(SessionFilter {
        breadcrumb,
        ..page(None)
    })
    .await;
    assert_eq!(even, (vec![ids[0], ids[2]], Some(ids[2].to_string())));
    let status = Some(SessionStatus::Active);
    assert_eq!(
        list(SessionFilter {
            status,
            ..page(None)
        })
        .await,
        (vec![ids[4]], None)
    );
    let worker_id = Some(WorkerId::new());
    assert_eq!(
        list(SessionFilter {
            worker_id,
            ..page(None)
        })
        .await,
        (vec![], None)
    );
    let bad = kit.store.sessions(page(Some("2".to_owned()))).await;
    assert!(matches!(bad, Err(StoreError::BadCursor { .. })));
}
both!(pages_go_from_the_newest_to_the_oldest_without_a_double);

async fn a_suspended_session_sleeps_until_a_turn_waits_for_it(kit: Kit) {
    let (asleep, awake, over) = (kit.active().await, kit.active().await, kit.pending().await);
    for id in [asleep, awake] {
        kit.move_on(id, SessionStatus::Active, Trigger::Suspend)
            .await;
    }
    kit.prompt(awake).await;
    kit.move_on(over, SessionStatus::Pending, Trigger::GiveUp)
        .await;
    let pending = kit.pending().await;
    assert_eq!(kit.store.live_sessions().await.unwrap(), [awake, pending]);
}
both!(a_suspended_session_sleeps_until_a_turn_waits_for_it);

async fn a_session_that_rests_is_looked_at_as_long_as_it_has_a_job(kit: Kit) {
    let (asleep, failed) = (kit.active().await, kit.pending().await);
    for id in [asleep, failed] {
        kit.store.new_generation(id).await.unwrap();
    }
    kit.move_on(asleep, SessionStatus::Active, Trigger::Suspend)
        .await;
    kit.move_on(failed, SessionStatus::Pending, Trigger::GiveUp)
        .await;
    let live = async || kit.store.live_sessions().await.unwrap();
    assert_eq!(live().await, [asleep, failed]);
    for id in [asleep, failed] {
        kit.store.job_gone(id, 1, "stopped").await.unwrap();
    }
    assert_eq!(live().await, []);
}
both!(a_session_that_rests_is_looked_at_as_long_as_it_has_a_job);

async fn jobs_are_numbered_and_their_seconds_add_up(kit: Kit) {
    let id = kit.active().await;
    let store = &kit.store;
    assert_eq!(store.new_generation(id).await.unwrap(), 1);
    assert!(store.job_gone(id, 1, "killed").await.unwrap());
    assert!(!store.job_gone(id, 1, "killed").await.unwrap());
    assert_eq!(store.new_generation(id).await.unwrap(), 2);
    // Nobody said that the second one is gone; a third one says it all the same.
    assert_eq!(store.new_generation(id).await.unwrap(), 3);
    assert!(!store.job_gone(id, 2, "late").await.unwrap());
    for (generation, seconds) in [(1, 10), (2, 20), (3, 30)] {
        let micros = seconds * 1_000_000 + 1;
        let sql = format!(
            "UPDATE jobs SET created_at = created_at - {micros} WHERE generation = {generation}"
        );
        kit.behind_its_back(&sql).await;
    }
    let row = store.session(id).await.unwrap().unwrap();
    assert_eq!(row.generation, 3);
    // The last one runs on, however slow the machine is.
    assert!(
        (60..70).contains(&row.session.active_seconds),
        "{}",
        row.session.active_seconds
    );
    kit.move_on(id, SessionStatus::Active, Trigger::End).await;
    kit.move_on(id, SessionStatus::Ending, Trigger::Ended).await;
    assert!(!store.job_gone(id, 3, "removed").await.unwrap());
    assert!(matches!(
        store.new_generation(SessionId::new()).await,
        Err(StoreError::NotFound)
    ));
}
both!(jobs_are_numbered_and_their_seconds_add_up);

async fn a_session_needs_a_revision_of_a_worker_that_is_there(kit: Kit) {
    let unknown = |worker_id, worker_revision| NewSessionRow {
        worker_id,
        worker_revision,
        ..kit.new_session()
    };
    for new in [unknown(WorkerId::new(), 1), unknown(kit.worker.id, 2)] {
        let named = new.worker_id.0;
        let refused = kit.store.create_session(new, None).await;
        assert!(
            matches!(refused, Err(StoreError::UnknownReference { path: "workerId", id }) if id == named)
        );
    }
    kit.store
        .delete_worker(kit.worker.id, false, None)
        .await
        .unwrap();
    let refused = kit.store.create_session(kit.new_session(), None).await;
    assert!(matches!(refused, Err(StoreError::UnknownReference { .. })));
    let nowhere = definition("eve", RuntimeId::new());
    let refused = kit.store.create_worker(nowhere, "hash", None).await;
    assert!(matches!(
        refused,
        Err(StoreError::UnknownReference {
            path: "runtimeId",
            ..
        })
    ));
}
both!(a_session_needs_a_revision_of_a_worker_that_is_there);

async fn what_is_collected_twice_is_kept_once(kit: Kit) {
    let id = kit.active().await;
    let keep = async |byte, bytes| {
        let hash = BlobHash([byte; 32]);
        kit.store
            .add_collected(id, "transcript", "transcript.jsonl", hash, bytes)
            .await
    };
    keep(1, 10).await.unwrap();
    keep(1, 10).await.unwrap();
    // After a crash in the middle it is fetched anew, and may have grown.
    keep(2, 12).await.unwrap();
    let kept = kit.store.collected(id).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].hash, kept[0].bytes), (BlobHash([2; 32]), 12));
    let nowhere = kit
        .store
        .add_collected(SessionId::new(), "transcript", "t", BlobHash([1; 32]), 1)
        .await;
    assert!(matches!(nowhere, Err(StoreError::NotFound)));
}
both!(what_is_collected_twice_is_kept_once);
