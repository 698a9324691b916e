//! Sessions go to sleep, are asked to wake, fail to, and run out of time: each move checks what it says it checks, also in a race.

use vwm_api::{SessionId, SessionStatus, Timestamp, Trigger, TurnStatus};
use vwm_store::{FailedResume, LostVolume, Resumption, SessionRow, Store, Suspension, TurnCreated};

use crate::kit::{Kit, accepted, ended, error, new_turn, outcome};

async fn row(store: &Store, id: SessionId) -> SessionRow {
    store.session(id).await.unwrap().unwrap()
}

async fn suspend(store: &Store, id: SessionId) -> Suspension {
    let reason = "asked for".to_owned();
    store.suspend_session(id, None, reason).await.unwrap()
}

fn failed(is_asked: bool, ends_all: bool) -> FailedResume {
    FailedResume {
        reason: "no disk".to_owned(),
        is_asked,
        error: error(TurnStatus::Failed, "resume_failed"),
        ends_all,
        most: 3,
        advice: "three in a row".to_owned(),
    }
}

async fn only_an_active_session_in_which_nothing_is_open_is_suspended(kit: Kit) {
    let store = &kit.store;
    let pending = kit.pending().await;
    assert_eq!(
        suspend(store, pending).await,
        Suspension::SessionIs(SessionStatus::Pending)
    );
    let id = kit.active().await;
    let turn = kit.prompt(id).await;
    assert_eq!(suspend(store, id).await, Suspension::Busy);
    let records = vec![
        accepted(1, &turn),
        ended(2, &turn, outcome(TurnStatus::Complete)),
    ];
    store.store_records(id, records).await.unwrap();
    let Suspension::Suspended(first) = suspend(store, id).await else {
        panic!("nothing is open");
    };
    assert_eq!(first.session.status, SessionStatus::Suspended);
    assert_eq!(first.session.status_reason.as_deref(), Some("asked for"));
    let told = kit.told(id).await.len();
    let Suspension::Suspended(again) = suspend(store, id).await else {
        panic!("it is suspended already");
    };
    assert_eq!(again.session, first.session);
    assert_eq!(kit.told(id).await.len(), told, "asking again tells nothing");
}
both!(only_an_active_session_in_which_nothing_is_open_is_suspended);

async fn a_suspension_and_a_prompt_at_once_lose_neither(kit: Kit) {
    for round in 0..20 {
        let id = kit.active().await;
        kit.store.new_generation(id).await.unwrap();
        let (asleep, asked) = if round % 2 == 0 {
            tokio::join!(
                suspend(&kit.store, id),
                kit.store.create_turn(new_turn(id), None)
            )
        } else {
            let (asked, asleep) = tokio::join!(
                kit.store.create_turn(new_turn(id), None),
                suspend(&kit.store, id)
            );
            (asleep, asked)
        };
        let TurnCreated::New(turn) = asked.unwrap() else {
            panic!("both statuses take a prompt");
        };
        let status = row(&kit.store, id).await.session.status;
        match asleep {
            // The prompt came first, and the harness that is there takes it.
            Suspension::Busy => assert_eq!((status, turn.offered), (SessionStatus::Active, true)),
            // The prompt came later, and waits for the next one.
            Suspension::Suspended(_) => {
                assert_eq!((status, turn.offered), (SessionStatus::Suspended, false));
            }
            Suspension::SessionIs(status) => panic!("{status:?}"),
        }
        assert_eq!(kit.store.live_sessions().await.unwrap().last(), Some(&id));
        kit.store.ask_abort(id, &Default::default()).await.unwrap();
        kit.move_on(id, status, Trigger::End).await;
    }
}
both!(a_suspension_and_a_prompt_at_once_lose_neither);

async fn idleness_is_looked_at_again_when_the_session_is_suspended(kit: Kit) {
    let (id, store) = (kit.active().await, &kit.store);
    let seen = row(store, id).await.session.last_activity_at;
    let idle = async |since| {
        let asked = store.suspend_session(id, Some(since), "idle".to_owned());
        asked.await.unwrap()
    };
    let turn = kit.prompt(id).await;
    let records = vec![
        accepted(1, &turn),
        ended(2, &turn, outcome(TurnStatus::Complete)),
    ];
    let prompted = row(store, id).await.session.last_activity_at;
    store.store_records(id, records).await.unwrap();
    let after = row(store, id).await.session.last_activity_at;
    assert!(
        seen <= prompted && prompted < after,
        "the end of a turn is activity"
    );
    // Whoever looked before the prompt comes too late, however quiet it is by now.
    assert_eq!(idle(seen).await, Suspension::Busy);
    assert_eq!(idle(prompted).await, Suspension::Busy);
    assert!(matches!(idle(after).await, Suspension::Suspended(_)));
}
both!(idleness_is_looked_at_again_when_the_session_is_suspended);

async fn a_resume_that_is_asked_for_stays_asked_until_it_is_answered(kit: Kit) {
    let (id, store) = (kit.active().await, &kit.store);
    let Resumption::Asked(active) = store.ask_resume(id).await.unwrap() else {
        panic!("it is active");
    };
    assert_eq!(
        (active.resume_asked, active.session.resuming),
        (false, false)
    );
    suspend(store, id).await;
    assert_eq!(store.live_sessions().await.unwrap(), []);
    for _ in 0..2 {
        let Resumption::Asked(asked) = store.ask_resume(id).await.unwrap() else {
            panic!("it is suspended");
        };
        assert!(asked.resume_asked && asked.session.resuming);
        assert!(asked.session.last_activity_at > active.session.last_activity_at);
    }
    assert_eq!(store.live_sessions().await.unwrap(), [id]);
    kit.move_on(id, SessionStatus::Suspended, Trigger::Ready)
        .await;
    assert!(!row(store, id).await.resume_asked);
    kit.move_on(id, SessionStatus::Active, Trigger::End).await;
    assert_eq!(
        store.ask_resume(id).await.unwrap(),
        Resumption::SessionIs(SessionStatus::Ending)
    );
}
both!(a_resume_that_is_asked_for_stays_asked_until_it_is_answered);

async fn a_session_fails_when_as_many_resumes_as_may_failed_in_a_row(kit: Kit) {
    let (id, store) = (kit.active().await, &kit.store);
    suspend(store, id).await;
    let fail = async |failed| {
        let session = store.resume_failed(id, failed).await.unwrap().unwrap();
        (session.session.status, session.failed_resumes)
    };
    let asleep = SessionStatus::Suspended;
    store.ask_resume(id).await.unwrap();
    assert_eq!(fail(failed(true, false)).await, (asleep, 1));
    let seen = row(store, id).await;
    assert_eq!(seen.session.status_reason.as_deref(), Some("no disk"));
    assert!(!seen.resume_asked, "it is tried when it is asked for, once");
    // What the server tries by itself counts for nothing, and a resume that works for all.
    assert_eq!(fail(failed(false, false)).await, (asleep, 1));
    assert_eq!(fail(failed(true, false)).await, (asleep, 2));
    kit.move_on(id, asleep, Trigger::Ready).await;
    assert_eq!(fail(failed(true, false)).await, (asleep, 1));
    assert_eq!(fail(failed(true, false)).await, (asleep, 2));
    let turn = kit.prompt(id).await;
    assert_eq!(fail(failed(true, false)).await, (SessionStatus::Failed, 3));
    let over = store.turn(turn.id).await.unwrap().unwrap();
    assert_eq!(over.status, TurnStatus::Failed);
    let seen = row(store, id).await.session;
    assert_eq!(
        seen.status_reason.as_deref(),
        Some("no disk; three in a row")
    );
    let told = kit.told(id).await;
    let last: Vec<&str> = told.iter().rev().take(2).map(|it| it.0.as_str()).collect();
    assert_eq!(last, ["status", "error"]);
    assert_eq!(
        store.resume_failed(id, failed(true, true)).await.unwrap(),
        None
    );
    // Its start is tried again, and the count begins anew.
    kit.move_on(id, SessionStatus::Failed, Trigger::Retry).await;
    let again = row(store, id).await;
    assert_eq!(
        (again.failed_resumes, again.session.status_reason),
        (0, None)
    );
}
both!(a_session_fails_when_as_many_resumes_as_may_failed_in_a_row);

async fn a_session_does_not_fail_as_long_as_a_journal_has_to_end_a_turn(kit: Kit) {
    let (id, store) = (kit.active().await, &kit.store);
    let turn = kit.prompt(id).await;
    assert!(store.offer_turn(turn.id).await.unwrap());
    let mut last = None;
    for _ in 0..4 {
        last = store.resume_failed(id, failed(true, false)).await.unwrap();
    }
    let last = last.unwrap();
    assert_eq!(
        (last.session.status, last.failed_resumes),
        (SessionStatus::Suspended, 4)
    );
    assert_eq!(store.open_turns(id).await.unwrap().len(), 1);
    let last = store.resume_failed(id, failed(true, true)).await.unwrap();
    assert_eq!(last.unwrap().session.status, SessionStatus::Failed);
    assert_eq!(store.open_turns(id).await.unwrap(), []);
}
both!(a_session_does_not_fail_as_long_as_a_journal_has_to_end_a_turn);

async fn a_lost_volume_ends_every_turn_and_then_the_session(kit: Kit) {
    let (id, store) = (kit.active().await, &kit.store);
    let (ran, waits) = (kit.prompt(id).await, kit.prompt(id).await);
    store
        .store_records(id, vec![accepted(1, &ran)])
        .await
        .unwrap();
    let lose = async |from| {
        let lost = LostVolume {
            reason: "its folder is gone".to_owned(),
            waiting: error(TurnStatus::Failed, "resume_failed"),
            open: error(TurnStatus::OutcomeUnknown, "outcome_unknown"),
        };
        store.volume_lost(id, from, lost).await.unwrap()
    };
    assert_eq!(lose(SessionStatus::Suspended).await, None);
    let lost = lose(SessionStatus::Active).await.unwrap();
    assert_eq!(lost.session.status, SessionStatus::Failed);
    let mut ends = Vec::new();
    for turn in [ran, waits] {
        ends.push(store.turn(turn.id).await.unwrap().unwrap().status);
    }
    assert_eq!(ends, [TurnStatus::OutcomeUnknown, TurnStatus::Failed]);
    let told = kit.told(id).await;
    assert_eq!(told.last().map(|it| it.0.as_str()), Some("status"));
}
both!(a_lost_volume_ends_every_turn_and_then_the_session);

async fn that_the_time_is_nearly_up_is_told_once(kit: Kit) {
    let (id, store) = (kit.active().await, &kit.store);
    let tell = async || store.tell_ending(id, "in 300 s".to_owned()).await.unwrap();
    let (one, other) = tokio::join!(tell(), tell());
    assert!(one != other, "one of them tells it");
    assert!(row(store, id).await.ending_told);
    let told = kit.told(id).await;
    let notices = told.iter().filter(|it| it.0 == "notice").count();
    assert_eq!(notices, 1);
    let asleep = kit.active().await;
    suspend(store, asleep).await;
    assert!(!store.tell_ending(asleep, String::new()).await.unwrap());
}
both!(that_the_time_is_nearly_up_is_told_once);

async fn sessions_that_rest_for_long_are_found_unless_somebody_waits_for_them(kit: Kit) {
    let store = &kit.store;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = kit.active().await;
        suspend(store, id).await;
        ids.push(id);
    }
    let found = async |status, before| {
        let found = store.sessions_resting_since(status, before, 2);
        found.await.unwrap()
    };
    let now = || Timestamp::from_micros(Timestamp::now().as_micros() + 1);
    let first = row(store, ids[0]).await.session.status_since;
    assert_eq!(found(SessionStatus::Suspended, first).await, []);
    assert_eq!(found(SessionStatus::Suspended, now()).await, ids[..2]);
    kit.prompt(ids[0]).await;
    store.ask_resume(ids[1]).await.unwrap();
    assert_eq!(found(SessionStatus::Suspended, now()).await, ids[2..]);
    assert_eq!(found(SessionStatus::Failed, now()).await, []);
}
both!(sessions_that_rest_for_long_are_found_unless_somebody_waits_for_them);

async fn a_jump_of_the_clock_is_taken_out_of_what_was_written_before_it(kit: Kit) {
    const HOUR: i64 = 3_600_000_000;
    let store = &kit.store;
    let (old, new) = (kit.active().await, kit.active().await);
    for id in [old, new] {
        store.new_generation(id).await.unwrap();
    }
    // One was made before the clock went an hour forward, the other one after that.
    let one = kit.sql_id(old.0);
    for sql in [
        format!(
            "UPDATE sessions SET last_activity_at = last_activity_at - {HOUR}, status_since = status_since - {HOUR} WHERE id = {one}"
        ),
        format!("UPDATE jobs SET created_at = created_at - {HOUR} WHERE session_id = {one}"),
    ] {
        kit.behind_its_back(&sql).await;
    }
    let (before, kept) = (row(store, old).await, row(store, new).await);
    assert!(before.session.active_seconds >= 3600);
    store.shift_clock(HOUR, 60_000_000).await.unwrap();
    let after = row(store, old).await;
    assert!(after.session.active_seconds < 60, "{after:?}");
    let shifted = |time: Timestamp| Timestamp::from_micros(time.as_micros() + HOUR);
    assert_eq!(
        (after.session.last_activity_at, after.session.status_since),
        (
            shifted(before.session.last_activity_at),
            shifted(before.session.status_since)
        )
    );
    let still = row(store, new).await.session;
    assert_eq!(
        (still.last_activity_at, still.status_since),
        (kept.session.last_activity_at, kept.session.status_since)
    );
    assert!(still.active_seconds < 60);
}
both!(a_jump_of_the_clock_is_taken_out_of_what_was_written_before_it);

async fn a_job_that_ended_while_no_server_looked_counts_up_to_the_last_use(kit: Kit) {
    let (id, store) = (kit.active().await, &kit.store);
    store.new_generation(id).await.unwrap();
    for sql in [
        "UPDATE jobs SET created_at = created_at - 7200000000",
        "UPDATE sessions SET last_activity_at = last_activity_at - 7140000000",
    ] {
        kit.behind_its_back(sql).await;
    }
    assert!(store.job_found_gone(id, 1, "it ended").await.unwrap());
    let seconds = row(store, id).await.session.active_seconds;
    assert!((50..70).contains(&seconds), "{seconds}");
}
both!(a_job_that_ended_while_no_server_looked_counts_up_to_the_last_use);
