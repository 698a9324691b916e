//! Aborts and ends of turns: before a harness knows of one the store ends it, afterwards only the journal does.

use vwm_api::{AbortRequest, SessionStatus, SubsessionId, Trigger, TurnId, TurnStatus};
use vwm_store::{NewTurn, StoreError};

use crate::kit::{Database, Kit, accepted, ended, error, new_turn, outcome};

async fn an_abort_before_the_offer_ends_the_turn_at_once(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let asked = kit
        .store
        .ask_abort(session, &AbortRequest::default())
        .await
        .unwrap();
    assert_eq!(asked, [turn.id]);
    assert!(!kit.store.offer_turn(turn.id).await.unwrap());
    let over = kit.store.turn(turn.id).await.unwrap().unwrap();
    assert_eq!(over.status, TurnStatus::Cancelled);
    assert_eq!(over.answer.unwrap().error.unwrap().code, "aborted");
    assert_eq!(
        kit.told(session).await[2..],
        [("error".to_owned(), Some(turn.id))]
    );
    // There is nothing left to abort.
    let again = kit
        .store
        .ask_abort(session, &AbortRequest::default())
        .await
        .unwrap();
    assert_eq!(again, Vec::<TurnId>::new());
}
both!(an_abort_before_the_offer_ends_the_turn_at_once);

async fn an_abort_after_the_offer_waits_for_the_journal(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    assert!(kit.store.offer_turn(turn.id).await.unwrap());
    // A server that crashed between the offer and the call offers again.
    assert!(kit.store.offer_turn(turn.id).await.unwrap());
    let asked = kit
        .store
        .ask_abort(session, &AbortRequest::default())
        .await
        .unwrap();
    assert_eq!(asked, [turn.id]);
    let open = kit.store.open_turns(session).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].status, open[0].abort_asked),
        (TurnStatus::Pending, true)
    );
    assert!(!kit.store.offer_turn(turn.id).await.unwrap());
    let nobody = kit
        .store
        .end_waiting_turns(session, error(TurnStatus::Failed, "session_ended"))
        .await
        .unwrap();
    assert_eq!(nobody, Vec::<TurnId>::new());
    assert_eq!(kit.told(session).await.len(), 2);

    let records = vec![
        accepted(1, &turn),
        ended(2, &turn, outcome(TurnStatus::Cancelled)),
    ];
    kit.store.store_records(session, records).await.unwrap();
    let over = kit.store.turn(turn.id).await.unwrap().unwrap();
    assert_eq!(over.status, TurnStatus::Cancelled);
}
both!(an_abort_after_the_offer_waits_for_the_journal);

async fn an_abort_takes_only_what_it_names(kit: Kit) {
    let session = kit.active().await;
    let other = SubsessionId(TurnId::new().0);
    let elsewhere = NewTurn {
        subsession: other,
        ..new_turn(session)
    };
    let first = kit.prompt(session).await.id;
    let second = kit.prompt(session).await.id;
    let third = kit.ask(elsewhere.clone()).await.id;
    let fourth = kit
        .ask(NewTurn {
            id: TurnId::new(),
            ..elsewhere
        })
        .await
        .id;

    let ask = async |subsession_id, request_id| {
        let which = AbortRequest {
            subsession_id,
            request_id,
        };
        kit.store.ask_abort(session, &which).await.unwrap()
    };
    assert_eq!(ask(Some(other), Some(first)).await, Vec::<TurnId>::new());
    assert_eq!(ask(None, Some(second)).await, [second]);
    assert_eq!(ask(Some(other), None).await, [third, fourth]);
    assert_eq!(ask(None, None).await, [first]);
    let nowhere = kit
        .store
        .ask_abort(vwm_api::SessionId::new(), &AbortRequest::default())
        .await;
    assert!(matches!(nowhere, Err(StoreError::NotFound)));
}
both!(an_abort_takes_only_what_it_names);

async fn an_offer_and_an_abort_at_once_agree_on_who_ends_the_turn(kit: Kit) {
    let session = kit.active().await;
    for round in 0..50 {
        let turn = kit.prompt(session).await;
        let all = AbortRequest::default();
        let (offer, abort) = (
            kit.store.offer_turn(turn.id),
            kit.store.ask_abort(session, &all),
        );
        // The one that is asked first is the first in the batch of SQLite's writer; in PostgreSQL they run at the same time.
        let (offered, asked) = if round % 2 == 0 {
            tokio::join!(biased; offer, abort)
        } else {
            let (asked, offered) = tokio::join!(biased; abort, offer);
            (offered, asked)
        };
        assert_eq!(asked.unwrap(), [turn.id]);
        let status = kit.store.turn(turn.id).await.unwrap().unwrap().status;
        let offered = offered.unwrap();
        if matches!(kit.database, Database::Sqlite) {
            assert_eq!(offered, round % 2 == 0);
        }
        if offered {
            assert_eq!(status, TurnStatus::Pending);
            let lost = error(TurnStatus::OutcomeUnknown, "outcome_unknown");
            kit.store.end_open_turns(session, lost).await.unwrap();
        } else {
            assert_eq!(status, TurnStatus::Cancelled);
        }
    }
    // The session's own two, and one last event per turn.
    assert_eq!(kit.told(session).await.len(), 52);
}
both!(an_offer_and_an_abort_at_once_agree_on_who_ends_the_turn);

async fn what_waits_can_be_ended_without_what_runs(kit: Kit) {
    let session = kit.active().await;
    let running = kit.prompt(session).await;
    kit.store.offer_turn(running.id).await.unwrap();
    kit.store
        .store_records(session, vec![accepted(1, &running)])
        .await
        .unwrap();
    let waiting = [kit.prompt(session).await.id, kit.prompt(session).await.id];

    let over = error(TurnStatus::Failed, "session_ended");
    let ended = kit
        .store
        .end_waiting_turns(session, over.clone())
        .await
        .unwrap();
    assert_eq!(ended, waiting);
    let turns = kit.store.turns(session).await.unwrap();
    let statuses: Vec<TurnStatus> = turns.iter().map(|turn| turn.status).collect();
    assert_eq!(
        statuses,
        [TurnStatus::Running, TurnStatus::Failed, TurnStatus::Failed]
    );
    assert_eq!(turns[2].answer.as_ref().unwrap().error, Some(over.clone()));
    assert_eq!(
        kit.store.end_open_turns(session, over).await.unwrap(),
        [running.id]
    );
}
both!(what_waits_can_be_ended_without_what_runs);

async fn a_turn_is_offered_as_it_is_made_where_a_harness_is_free_for_it(kit: Kit) {
    let session = kit.active().await;
    let is_offered = |new: NewTurn| async { kit.ask(new).await.offered };
    let elsewhere = || NewTurn {
        subsession: SubsessionId::new(),
        ..new_turn(session)
    };
    assert!(!is_offered(elsewhere()).await, "no job was ever made");
    let generation = kit.store.new_generation(session).await.unwrap();
    assert!(is_offered(elsewhere()).await);
    assert!(is_offered(new_turn(session)).await);
    assert!(
        !is_offered(new_turn(session)).await,
        "one is before it in its conversation"
    );
    kit.store
        .job_gone(session, generation, "lost")
        .await
        .unwrap();
    assert!(!is_offered(elsewhere()).await, "its job is gone");
    kit.store.new_generation(session).await.unwrap();
    kit.move_on(session, SessionStatus::Active, Trigger::Suspend)
        .await;
    assert!(!is_offered(elsewhere()).await, "it is suspended");
}
both!(a_turn_is_offered_as_it_is_made_where_a_harness_is_free_for_it);
