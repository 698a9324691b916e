//! What a session's end learns: decided with the move, completed with the step, brought up to date by a push.

use serde_json::json;
use vwm_api::harness::PushAnswer;
use vwm_api::{
    AbortRequest, EndStep, Learning, RepositoryRole, SessionId, SessionStatus, SubsessionId,
    TelemetryRow, Trigger, TurnKind, TurnStatus, Unpushed,
};
use vwm_store::{Learn, Learned, StoreError, Turn};

use crate::kit::{Kit, accepted, ended, error, learning_turn, outcome};

/// An active session with a prompt that was completed.
async fn worked(kit: &Kit) -> SessionId {
    let session = kit.active().await;
    let prompt = kit.prompt(session).await;
    let records = vec![
        accepted(1, &prompt),
        ended(2, &prompt, outcome(TurnStatus::Complete)),
    ];
    kit.store.store_records(session, records).await.unwrap();
    session
}

async fn end(kit: &Kit, session: SessionId, learn: Learn) {
    let moved = kit
        .store
        .end_session(session, SessionStatus::Active, learn, None)
        .await;
    let row = moved.unwrap().expect("it was active");
    assert_eq!(
        (row.session.status, row.session.end_step),
        (SessionStatus::Ending, Some(EndStep::Stopping))
    );
}

async fn open(kit: &Kit, session: SessionId) -> Vec<Turn> {
    kit.store.open_turns(session).await.unwrap()
}

async fn last_row(kit: &Kit, session: SessionId) -> TelemetryRow {
    let rows = kit.store.telemetry(session, None).await.unwrap();
    rows.into_iter().last().expect("a row")
}

fn learned() -> Learning {
    Learning {
        content: Some("# Tabs\nNot here.\n".to_owned()),
        path: Some("worker_repo/learnings/session-1.md".to_owned()),
        git_committed: true,
        git_pushed: false,
        git_commit_sha: Some("c0ffee".to_owned()),
        skipped: None,
    }
}

fn skipped(why: &str) -> Learning {
    Learning {
        skipped: Some(why.to_owned()),
        ..Learning::default()
    }
}

fn unpushed(repository: RepositoryRole) -> Unpushed {
    Unpushed {
        repository,
        url: "https://example.com/code.git".to_owned(),
        branch: "session-1".to_owned(),
        sha: "c0ffee".to_owned(),
        bundle: "session-1.bundle".to_owned(),
        reason: "the remote is away".to_owned(),
    }
}

async fn the_end_makes_its_learning_turn_last_and_for_the_harness_alone(kit: Kit) {
    let session = worked(&kit).await;
    let waiting = kit.prompt(session).await;
    end(&kit, session, learning_turn(session)).await;

    let turns = open(&kit, session).await;
    let ids: Vec<_> = turns.iter().map(|turn| turn.id).collect();
    let learning = turns.last().unwrap();
    assert_eq!(ids, [waiting.id, learning.id]);
    assert_eq!(
        (learning.kind, learning.status, learning.offered),
        (TurnKind::Learning, TurnStatus::Pending, true)
    );
    assert_eq!(
        (learning.prompt.as_str(), learning.timeout_s),
        ("What did you learn?", 300)
    );
    // Neither the close of what waits nor an abort ends it here: its journal does.
    let closed = kit
        .store
        .end_waiting_turns(session, error(TurnStatus::Cancelled, "session_ended"));
    assert_eq!(closed.await.unwrap(), [waiting.id]);
    let all = AbortRequest::default();
    let aborted = kit.store.ask_abort(session, &all).await;
    assert_eq!(aborted.unwrap(), [learning.id]);
    let left = open(&kit, session).await;
    assert_eq!((left.len(), left[0].abort_asked), (1, true));

    let record = kit.store.learning(session).await.unwrap().unwrap();
    assert_eq!(
        (record.request_id, record.completed_at),
        (learning.id, None)
    );
    let row = last_row(&kit, session).await;
    assert_eq!((row.id, row.kind), (learning.id, TurnKind::Learning));
    assert_eq!(row.learning, Some(Learning::default()));
}
both!(the_end_makes_its_learning_turn_last_and_for_the_harness_alone);

async fn two_ends_at_once_make_one_turn(kit: Kit) {
    for _ in 0..10 {
        let session = worked(&kit).await;
        let go = async || {
            let learn = learning_turn(session);
            let moved = kit
                .store
                .end_session(session, SessionStatus::Active, learn, None);
            moved.await.unwrap().is_some()
        };
        let (one, other) = tokio::join!(go(), go());
        assert!(one != other, "one of them moved it");
        assert_eq!(open(&kit, session).await.len(), 1);
    }
}
both!(two_ends_at_once_make_one_turn);

async fn what_is_decided_against_says_why_and_makes_no_turn(kit: Kit) {
    let session = kit.active().await;
    // Aborted and failed ones teach nothing.
    let prompt = kit.prompt(session).await;
    let records = vec![
        accepted(1, &prompt),
        ended(2, &prompt, outcome(TurnStatus::Failed)),
    ];
    kit.store.store_records(session, records).await.unwrap();
    end(&kit, session, learning_turn(session)).await;
    assert_eq!(open(&kit, session).await, []);

    let record = kit.store.learning(session).await.unwrap().unwrap();
    assert_eq!(record.learning, skipped("no prompt was completed"));
    assert_eq!(record.completed_at, Some(record.created_at));
    let expected = TelemetryRow {
        id: record.request_id,
        session_id: session,
        worker_id: record.worker_id,
        subsession_id: SubsessionId::main(session),
        kind: TurnKind::Learning,
        key_id: None,
        prompt: String::new(),
        response: None,
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        model: None,
        status: TurnStatus::Cancelled,
        error: None,
        retry_of: None,
        duration_ms: None,
        artifacts: vec![],
        breadcrumbs: vec![],
        created_at: record.created_at,
        completed_at: Some(record.created_at),
        learning: Some(skipped("no prompt was completed")),
    };
    assert_eq!(last_row(&kit, session).await, expected);
    let frames = kit.store.events_after(session, 0, None, 100).await.unwrap();
    let notice: serde_json::Value = serde_json::from_str(&frames.last().unwrap().data).unwrap();
    assert_eq!(
        notice,
        json!({"type": "notice", "data": {"code": "not_learned", "message": "no prompt was completed"}})
    );
    // What the harness tells later of a record that is complete changes nothing.
    let told = Learned::Told(learned());
    kit.store
        .set_collected(session, told, vec![])
        .await
        .unwrap();
    assert_eq!(kit.store.learning(session).await.unwrap(), Some(record));
}
both!(what_is_decided_against_says_why_and_makes_no_turn);

async fn a_worker_that_does_not_learn_has_no_record(kit: Kit) {
    let session = worked(&kit).await;
    end(&kit, session, Learn::No).await;
    assert_eq!(open(&kit, session).await, []);
    assert_eq!(kit.store.learning(session).await.unwrap(), None);
    assert_eq!(last_row(&kit, session).await.kind, TurnKind::Prompt);
    let told = kit.told(session).await;
    assert_eq!(told.last().unwrap().0, "status");
    let why = Learned::Lost("nothing is left".to_owned());
    assert!(kit.store.set_collected(session, why, vec![]).await.unwrap());
    assert_eq!(kit.store.learning(session).await.unwrap(), None);
    assert_eq!(kit.told(session).await, told);
}
both!(a_worker_that_does_not_learn_has_no_record);

async fn the_record_is_completed_once_with_its_turns_tokens(kit: Kit) {
    let session = worked(&kit).await;
    end(&kit, session, learning_turn(session)).await;
    let turn = open(&kit, session).await.remove(0);
    let records = vec![
        accepted(3, &turn),
        ended(4, &turn, outcome(TurnStatus::Complete)),
    ];
    kit.store.store_records(session, records).await.unwrap();
    kit.store
        .set_end_step(session, EndStep::Stopping, EndStep::Learning)
        .await
        .unwrap();

    let left = vec![unpushed(RepositoryRole::KnowledgeBase)];
    let keep = |learning, left| {
        kit.store
            .set_collected(session, Learned::Told(learning), left)
    };
    assert!(keep(learned(), left.clone()).await.unwrap());
    // A server that died after it asks again.
    assert!(!keep(skipped("told twice"), vec![]).await.unwrap());

    let record = kit.store.learning(session).await.unwrap().unwrap();
    assert_eq!(record.learning, learned());
    assert_eq!((record.tokens_in, record.tokens_out), (Some(100), Some(20)));
    assert!(record.completed_at.is_some());
    let row = kit.store.session(session).await.unwrap().unwrap().session;
    assert_eq!(
        (row.end_step, row.unpushed),
        (Some(EndStep::Collected), left)
    );
    let row = last_row(&kit, session).await;
    assert_eq!(
        (row.id, row.status, row.tokens_in),
        (turn.id, TurnStatus::Complete, Some(100))
    );
    assert_eq!(row.learning, Some(learned()));
}
both!(the_record_is_completed_once_with_its_turns_tokens);

async fn a_lost_session_learns_nothing_and_says_so(kit: Kit) {
    let session = worked(&kit).await;
    end(&kit, session, learning_turn(session)).await;
    let why = "nothing is left of the session's folder";
    let lost = Learned::Lost(why.to_owned());
    assert!(
        kit.store
            .set_collected(session, lost, vec![])
            .await
            .unwrap()
    );
    let over = error(TurnStatus::Cancelled, "session_ended");
    kit.store.end_open_turns(session, over).await.unwrap();
    let row = last_row(&kit, session).await;
    assert_eq!(
        (row.status, row.learning),
        (TurnStatus::Cancelled, Some(skipped(why)))
    );
    let told: Vec<_> = kit.told(session).await.into_iter().rev().take(3).collect();
    let kinds: Vec<_> = told.iter().rev().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["status", "notice", "error"]);
}
both!(a_lost_session_learns_nothing_and_says_so);

async fn a_push_takes_away_what_it_brought_and_renews_why_for_the_rest(kit: Kit) {
    let session = worked(&kit).await;
    end(&kit, session, learning_turn(session)).await;
    let (base, work) = (
        unpushed(RepositoryRole::KnowledgeBase),
        unpushed(RepositoryRole::SessionRepository),
    );
    let told = Learned::Told(learned());
    let both = vec![base.clone(), work.clone()];
    kit.store.set_collected(session, told, both).await.unwrap();
    kit.move_on(session, SessionStatus::Ending, Trigger::Ended)
        .await;

    let answer = async |role, answer| {
        let left = kit
            .store
            .set_push_answer(session, role, answer)
            .await
            .unwrap();
        let row = kit.store.session(session).await.unwrap().unwrap();
        assert_eq!(row.session.unpushed, left);
        let record = kit.store.learning(session).await.unwrap().unwrap();
        (left, record.learning.git_pushed)
    };
    let refused = PushAnswer::Failed("the remote is full".to_owned());
    let full = Unpushed {
        reason: "the remote is full".to_owned(),
        ..work.clone()
    };
    let after = answer(RepositoryRole::SessionRepository, refused).await;
    assert_eq!(after, (vec![base, full.clone()], false));
    let after = answer(RepositoryRole::KnowledgeBase, PushAnswer::Pushed).await;
    assert_eq!(after, (vec![full], true));
    let after = answer(RepositoryRole::SessionRepository, PushAnswer::Pushed).await;
    assert_eq!(after, (vec![], true));
    let nowhere = SessionId::new();
    let role = RepositoryRole::KnowledgeBase;
    let unknown = kit
        .store
        .set_push_answer(nowhere, role, PushAnswer::Pushed)
        .await;
    assert!(matches!(unknown, Err(StoreError::NotFound)));
}
both!(a_push_takes_away_what_it_brought_and_renews_why_for_the_rest);
