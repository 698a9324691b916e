//! Telemetry and its sums.

use vwm_api::{AbortRequest, Response, SessionStatus, Stats, TurnStatus};

use crate::kit::{Kit, accepted, ended, learning_turn, outcome};

#[tokio::test]
async fn the_numbers_of_a_session_add_up() {
    let kit = Kit::new().await;
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
        .end_session(session, SessionStatus::Active, learning_turn(session));
    ended.await.unwrap().expect("it was active");
    assert_eq!(kit.store.telemetry(session).await.unwrap().len(), 7);

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

#[tokio::test]
async fn telemetry_tells_every_turn_also_one_that_runs() {
    let kit = Kit::new().await;
    let session = kit.active().await;
    let (done, running) = (kit.prompt(session).await, kit.prompt(session).await);
    let records = vec![
        accepted(1, &done),
        ended(2, &done, outcome(TurnStatus::Complete)),
        accepted(3, &running),
    ];
    kit.store.store_records(session, records).await.unwrap();
    let rows = kit.store.telemetry(session).await.unwrap();
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
