//! Events keep their order and their numbers, whoever writes beside them; wakes come when there is something to read.

use tokio::task::JoinSet;
use vwm_api::{Event, EventBody, SessionId, TurnId};
use vwm_store::StoreError;

use crate::kit::{Kit, accepted, said};

fn notice(message: String) -> EventBody {
    let code = "retry".to_owned();
    EventBody::Notice { code, message }
}

async fn eight_writers_and_failures_between_them_leave_no_hole_in_the_numbers(kit: Kit) {
    let session = kit.active().await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = kit.store.clone();
        writers.spawn(async move {
            let mut seqs = Vec::new();
            for count in 0..50 {
                let body = notice(format!("{writer}/{count}"));
                seqs.push(
                    store
                        .append_event(session, None, None, body.clone())
                        .await
                        .unwrap(),
                );
                let nowhere = store.append_event(SessionId::new(), None, None, body).await;
                assert!(matches!(nowhere, Err(StoreError::NotFound)));
            }
            seqs
        });
    }
    let mut seqs = Vec::new();
    while let Some(own) = writers.join_next().await {
        let own = own.unwrap();
        assert!(own.is_sorted());
        seqs.extend(own);
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (3..403).collect::<Vec<_>>());
    assert_eq!(kit.told(session).await.len(), 402);
}
both!(eight_writers_and_failures_between_them_leave_no_hole_in_the_numbers);

async fn a_frame_is_the_event_as_it_goes_over_the_wire(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    kit.store
        .store_records(session, vec![accepted(1, &turn), said(2, &turn, "\"ä\"")])
        .await
        .unwrap();
    let frames = kit.store.events_after(session, 2, None, 10).await.unwrap();
    let event = Event {
        seq: 0,
        body: EventBody::Text("\"ä\"".to_owned()),
        request_id: Some(turn.id),
        subsession_id: Some(turn.subsession),
    };
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].seq, 3);
    assert_eq!(frames[0].data, serde_json::to_string(&event).unwrap());
    assert_eq!(frames[0].request_id, Some(turn.id));
    assert!(!frames[0].ends_turn);
    assert_eq!(frames[0].at, said(2, &turn, "").at);
}
both!(a_frame_is_the_event_as_it_goes_over_the_wire);

async fn one_turn_can_be_read_alone_and_in_pieces(kit: Kit) {
    let session = kit.active().await;
    let first = kit.prompt(session).await;
    let second = kit.prompt(session).await;
    let records = (1..=40)
        .map(|n| said(n, if n % 2 == 0 { &first } else { &second }, &n.to_string()))
        .collect();
    kit.store.store_records(session, records).await.unwrap();

    let read = async |turn: TurnId, after: i64, limit: u32| -> Vec<i64> {
        let frames = kit
            .store
            .events_after(session, after, Some(turn), limit)
            .await
            .unwrap();
        assert!(frames.iter().all(|frame| frame.request_id == Some(turn)));
        frames.iter().map(|frame| frame.seq).collect()
    };
    // Records 2, 4, 6 … follow the session's own two events.
    assert_eq!(read(first.id, 0, 3).await, [4, 6, 8]);
    assert_eq!(read(first.id, 8, 2).await, [10, 12]);
    assert_eq!(read(second.id, 38, 100).await, [39, 41]);
    assert_eq!(read(TurnId::new(), 0, 100).await, Vec::<i64>::new());
}
both!(one_turn_can_be_read_alone_and_in_pieces);

async fn a_wake_comes_after_the_news_can_be_read(kit: Kit) {
    let (session, other) = (kit.active().await, kit.active().await);
    let mut wakes = kit.store.take_wakes();
    let mut watch = kit.store.watch(session);
    let store = kit.store.clone();
    let reader = tokio::spawn(async move {
        watch.changed().await;
        store.last_seq(session).await.unwrap()
    });
    kit.store
        .append_event(other, None, None, notice("elsewhere".to_owned()))
        .await
        .unwrap();
    kit.store
        .append_event(session, None, None, notice("here".to_owned()))
        .await
        .unwrap();
    assert_eq!(reader.await.unwrap(), 3);

    // What only has to be shown does not wake the orchestrator; what has to be done does.
    kit.prompt(other).await;
    assert_eq!(wakes.recv().await, Some(other));
    assert!(wakes.try_recv().is_err());
    kit.store.wake(session);
    assert_eq!(wakes.recv().await, Some(session));
}
both!(a_wake_comes_after_the_news_can_be_read);

async fn nothing_is_kept_for_a_session_that_nobody_watches_any_more(kit: Kit) {
    let session = kit.active().await;
    let (one, two) = (kit.store.watch(session), kit.store.watch(session));
    drop(one);
    assert_eq!(kit.store.watched_sessions(), 1);
    drop(two);
    assert_eq!(kit.store.watched_sessions(), 0);
}
both!(nothing_is_kept_for_a_session_that_nobody_watches_any_more);
