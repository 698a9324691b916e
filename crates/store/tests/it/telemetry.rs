//! Telemetry and its sums.

use vwm_api::harness::Outcome;
use vwm_api::{
    AbortRequest, KeyId, Response, SessionStatus, Stats, Trigger, TurnError, TurnId, TurnStatus,
};
use vwm_store::{Learn, NewSessionRow, NewTurn};

use crate::kit::{Kit, accepted, ended, learning_turn, new_turn, outcome};

async fn the_numbers_of_a_session_add_up(kit: Kit) {
    let session = kit.active().await;
    assert_eq!(kit.store.stats(session).await.unwrap(), Stats::default());

    let mut records = Vec::new();
    let statuses = [
        TurnStatus::Complete,
        TurnStatus::Complete,
        TurnStatus::Failed,
        TurnStatus::OutcomeUnknown,
    ];
    for (status, duration_ms) in statuses.into_iter().zip([1000, 2000, 500, 0]) {
        let turn = kit.prompt(session).await;
        let mut how = outcome(status);
        how.duration_ms = Some(duration_ms);
        // What nobody counted is no 0.
        how.tokens_out = (status == TurnStatus::Complete).then_some(20);
        records.push(accepted(records.len() as i64 + 1, &turn));
        records.push(ended(records.len() as i64 + 1, &turn, how));
    }
    kit.store.store_records(session, records).await.unwrap();
    kit.prompt(session).await;
    kit.store
        .ask_abort(session, &AbortRequest::default())
        .await
        .unwrap();
    kit.prompt(session).await;
    let ended = kit
        .store
        .end_session(session, SessionStatus::Active, learning_turn(session), None);
    ended.await.unwrap().expect("it was active");
    assert_eq!(kit.store.telemetry(session, None).await.unwrap().len(), 7);

    let expected = Stats {
        total_requests: 6,
        completed_requests: 2,
        failed_requests: 3,
        total_tokens_in: 400,
        total_tokens_out: 40,
        total_duration_ms: 3500,
        avg_duration_ms: 3500.0 / 6.0,
    };
    assert_eq!(kit.store.stats(session).await.unwrap(), expected);
}
both!(the_numbers_of_a_session_add_up);

async fn telemetry_tells_every_turn_also_one_that_runs(kit: Kit) {
    let session = kit.active().await;
    let (done, running) = (kit.prompt(session).await, kit.prompt(session).await);
    let records = vec![
        accepted(1, &done),
        ended(2, &done, outcome(TurnStatus::Complete)),
        accepted(3, &running),
    ];
    kit.store.store_records(session, records).await.unwrap();
    let rows = kit.store.telemetry(session, None).await.unwrap();
    assert_eq!(rows.len(), 2);
    let answer = kit
        .store
        .turn(done.id)
        .await
        .unwrap()
        .unwrap()
        .answer
        .unwrap();
    let response = Response {
        response: "All is well.".to_owned(),
        tokens_in: Some(100),
        tokens_out: Some(20),
        raw: answer.raw,
    };
    assert_eq!(
        (rows[0].id, rows[0].status),
        (done.id, TurnStatus::Complete)
    );
    assert_eq!(rows[0].response, Some(response));
    assert_eq!(
        (rows[0].tokens_in, rows[0].tokens_out),
        (Some(100), Some(20))
    );
    assert_eq!(rows[0].artifacts, ["notes.md"]);
    assert_eq!(rows[0].breadcrumbs, ["ticket-7"]);
    assert_eq!(
        (rows[1].id, rows[1].status),
        (running.id, TurnStatus::Running)
    );
    assert_eq!(
        (&rows[1].response, rows[1].duration_ms, rows[1].completed_at),
        (&None, None, None)
    );
}
both!(telemetry_tells_every_turn_also_one_that_runs);

async fn a_row_tells_who_asked_what_it_cost_which_model_answered_and_why_it_failed(kit: Kit) {
    let session = kit.active().await;
    let by = Some(KeyId::new());
    let asked = kit
        .ask(NewTurn {
            by,
            ..new_turn(session)
        })
        .await;
    let failed = outcome(TurnStatus::Failed);
    let nothing = Outcome {
        cost_usd: None,
        model: None,
        duration_ms: None,
        ..outcome(TurnStatus::Complete)
    };
    let other = kit.prompt(session).await;
    let records = vec![
        accepted(1, &asked),
        ended(2, &asked, failed.clone()),
        accepted(3, &other),
        ended(4, &other, nothing),
    ];
    kit.store.store_records(session, records).await.unwrap();
    let rows = kit.store.telemetry(session, None).await.unwrap();
    let told = (rows[0].session_id, rows[0].worker_id, rows[0].subsession_id);
    assert_eq!(told, (session, kit.worker.id, asked.subsession));
    assert_eq!((rows[0].key_id, rows[0].cost_usd), (by, Some(0.25)));
    assert_eq!(rows[0].model.as_deref(), Some("opus"));
    assert_eq!(
        (rows[0].status, &rows[0].error),
        (TurnStatus::Failed, &failed.error)
    );
    assert_eq!(rows[0].duration_ms, Some(1500));
    // What nobody said is no 0.
    assert_eq!((rows[1].key_id, rows[1].cost_usd), (None, None));
    assert_eq!((&rows[1].model, rows[1].duration_ms), (&None, None));
    assert_eq!(rows[1].error, None::<TurnError>);
    // One without a duration lowers the average: it is one of all requests.
    let stats = kit.store.stats(session).await.unwrap();
    assert_eq!(
        (stats.total_duration_ms, stats.avg_duration_ms),
        (1500, 750.0)
    );
}
both!(a_row_tells_who_asked_what_it_cost_which_model_answered_and_why_it_failed);

async fn a_turn_carries_the_breadcrumbs_of_its_session_and_then_its_own_each_once(kit: Kit) {
    let row = NewSessionRow {
        breadcrumbs: vec!["ticket-7".into(), "team".into()],
        ..kit.new_session()
    };
    let session = row.id;
    kit.store.create_session(row, None).await.unwrap();
    let ready = Trigger::Ready;
    kit.move_on(session, SessionStatus::Pending, ready).await;
    let ask = async |own: &[&str]| {
        let breadcrumbs = own.iter().map(|own| (*own).to_owned()).collect();
        let id = TurnId::new();
        kit.ask(NewTurn {
            id,
            breadcrumbs,
            ..new_turn(session)
        })
        .await
    };
    let first = ask(&["a", "team", "a", ""]).await;
    assert_eq!(first.breadcrumbs, ["ticket-7", "team", "a", ""]);
    let second = ask(&[]).await;
    assert_eq!(second.breadcrumbs, ["ticket-7", "team"]);
    let skip = Learn::Skip("the worker has no workerRepoUrl".to_owned());
    let ended = kit
        .store
        .end_session(session, SessionStatus::Active, skip, None);
    ended.await.unwrap().expect("it was active");

    let found = async |breadcrumb: &str| {
        let rows = kit
            .store
            .telemetry(session, Some(breadcrumb))
            .await
            .unwrap();
        rows.len()
    };
    // With the row of the learning that was skipped.
    assert_eq!((found("team").await, found("a").await), (3, 1));
    assert_eq!(
        (found("").await, found("A").await, found("tea").await),
        (1, 0, 0)
    );
}
both!(a_turn_carries_the_breadcrumbs_of_its_session_and_then_its_own_each_once);

async fn a_learning_turn_carries_the_breadcrumbs_of_its_session(kit: Kit) {
    let row = NewSessionRow {
        breadcrumbs: vec!["team".into()],
        ..kit.new_session()
    };
    let session = row.id;
    kit.store.create_session(row, None).await.unwrap();
    let ready = Trigger::Ready;
    kit.move_on(session, SessionStatus::Pending, ready).await;
    let turn = kit.prompt(session).await;
    let records = vec![
        accepted(1, &turn),
        ended(2, &turn, outcome(TurnStatus::Complete)),
    ];
    kit.store.store_records(session, records).await.unwrap();
    let ended = kit
        .store
        .end_session(session, SessionStatus::Active, learning_turn(session), None);
    ended.await.unwrap().expect("it was active");
    let rows = kit.store.telemetry(session, None).await.unwrap();
    assert_eq!(rows[1].breadcrumbs, ["team"]);
}
both!(a_learning_turn_carries_the_breadcrumbs_of_its_session);
