//! The pump: a journal's records become events and turns, once.

use vwm_api::harness::{Entry, Happened};
use vwm_api::{
    AgentEvent, Answer, CliType, NativeId, Raw, RawMetadata, SessionStatus, Trigger, TurnStatus,
};
use vwm_store::{StoreError, Turn};

use crate::kit::{Kit, accepted, ended, error, happened, outcome, record, said, sent};

fn whole_turn(turn: &Turn) -> Vec<vwm_api::harness::Record> {
    vec![
        accepted(1, turn),
        sent(2, turn),
        said(3, turn, "All is "),
        said(4, turn, "well."),
        ended(5, turn, outcome(TurnStatus::Complete)),
    ]
}

async fn a_journal_makes_the_turn_its_events_and_its_answer(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let pumped = kit
        .store
        .store_records(session, whole_turn(&turn))
        .await
        .unwrap();
    assert_eq!(pumped, 5);

    let answer = Answer {
        request_id: turn.id,
        status: TurnStatus::Complete,
        subsession_id: turn.subsession,
        response: "All is well.".to_owned(),
        artifacts: vec!["notes.md".to_owned()],
        tokens_in: Some(100),
        tokens_out: Some(20),
        cost_usd: Some(0.25),
        model: Some("opus".to_owned()),
        duration_ms: Some(1500),
        raw: Some(Raw {
            format: "stream-json".to_owned(),
            content: "{}\n".to_owned(),
            metadata: RawMetadata {
                model: Some("opus".to_owned()),
                request_id: turn.id,
                cli_type: CliType::ClaudeCode,
            },
        }),
        error: None,
        retry_of: None,
    };
    let expected = Turn {
        status: TurnStatus::Complete,
        offered: true,
        started_at: Some(accepted(1, &turn).at),
        completed_at: Some(accepted(5, &turn).at),
        answer: Some(answer.clone()),
        ..turn.clone()
    };
    assert_eq!(kit.store.turn(turn.id).await.unwrap(), Some(expected));

    let frames = kit
        .store
        .events_after(session, 2, Some(turn.id), 10)
        .await
        .unwrap();
    let ends: Vec<bool> = frames.iter().map(|frame| frame.ends_turn).collect();
    assert_eq!(ends, [false, false, true]);
    let last: serde_json::Value = serde_json::from_str(&frames[2].data).unwrap();
    assert_eq!(last["type"], "complete");
    assert_eq!(last["data"], serde_json::to_value(answer).unwrap());
}
both!(a_journal_makes_the_turn_its_events_and_its_answer);

async fn records_that_come_again_change_nothing_and_a_hole_is_refused(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let records = whole_turn(&turn);
    let store = &kit.store;
    assert_eq!(
        store
            .store_records(session, records[..3].to_vec())
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        store
            .store_records(session, records[..3].to_vec())
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        store.store_records(session, records.clone()).await.unwrap(),
        5
    );
    let told = kit.told(session).await;
    let told_of: Vec<&str> = told.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(told_of, ["status", "status", "text", "text", "complete"]);

    let next = kit.prompt(session).await;
    // The hole is found before anything of the batch is stored.
    let holed = vec![said(6, &next, "a"), said(8, &next, "c")];
    let refused = store.store_records(session, holed).await;
    assert!(
        matches!(
            refused,
            Err(StoreError::Gap {
                expected: 7,
                got: 8
            })
        ),
        "{refused:?}"
    );
    assert_eq!(store.session(session).await.unwrap().unwrap().pumped_n, 5);
    assert_eq!(kit.told(session).await, told);
}
both!(records_that_come_again_change_nothing_and_a_hole_is_refused);

async fn a_long_run_of_records_keeps_its_order(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let records = (1..=101).map(|n| said(n, &turn, &n.to_string())).collect();
    assert_eq!(
        kit.store.store_records(session, records).await.unwrap(),
        101
    );
    let frames = kit
        .store
        .events_after(session, 2, None, 1000)
        .await
        .unwrap();
    assert_eq!(frames.len(), 101);
    for (n, frame) in (1..).zip(&frames) {
        assert_eq!(frame.seq, n + 2);
        assert!(
            frame
                .data
                .starts_with(&format!(r#"{{"type":"text","data":"{n}""#)),
            "{}",
            frame.data
        );
    }
}
both!(a_long_run_of_records_keeps_its_order);

async fn what_comes_after_the_end_of_a_turn_is_counted_and_not_told(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    kit.store.offer_turn(turn.id).await.unwrap();
    let lost = error(TurnStatus::OutcomeUnknown, "outcome_unknown");
    assert_eq!(
        kit.store
            .end_open_turns(session, lost.clone())
            .await
            .unwrap(),
        [turn.id]
    );
    let told = kit.told(session).await;

    assert_eq!(
        kit.store
            .store_records(session, whole_turn(&turn))
            .await
            .unwrap(),
        5
    );
    assert_eq!(kit.told(session).await, told);
    let stored = kit.store.turn(turn.id).await.unwrap().unwrap();
    assert_eq!(stored.status, TurnStatus::OutcomeUnknown);
    assert_eq!(stored.answer.unwrap().error, Some(lost));
}
both!(what_comes_after_the_end_of_a_turn_is_counted_and_not_told);

async fn an_unknown_turn_and_a_turn_of_another_session_are_passed_over(kit: Kit) {
    let (session, other) = (kit.active().await, kit.active().await);
    let foreign = kit.prompt(other).await;
    let own = kit.prompt(session).await;
    let mut records = whole_turn(&foreign);
    records.push(said(6, &own, "mine"));
    assert_eq!(kit.store.store_records(session, records).await.unwrap(), 6);
    let told = kit.told(session).await;
    assert_eq!(told[2..], [("text".to_owned(), Some(own.id))]);
    assert_eq!(kit.store.turn(foreign.id).await.unwrap().unwrap(), foreign);
}
both!(an_unknown_turn_and_a_turn_of_another_session_are_passed_over);

async fn a_lost_end_of_an_aborted_turn_is_a_cancellation(kit: Kit) {
    let session = kit.active().await;
    let (aborted, lost) = (kit.prompt(session).await, kit.prompt(session).await);
    kit.store.offer_turn(aborted.id).await.unwrap();
    kit.store.offer_turn(lost.id).await.unwrap();
    let which = vwm_api::AbortRequest {
        request_id: Some(aborted.id),
        subsession_id: None,
    };
    kit.store.ask_abort(session, &which).await.unwrap();
    let unknown = outcome(TurnStatus::OutcomeUnknown);
    let records = vec![
        accepted(1, &aborted),
        accepted(2, &lost),
        ended(3, &aborted, unknown.clone()),
        ended(4, &lost, unknown),
    ];
    kit.store.store_records(session, records).await.unwrap();
    let end = async |turn: &Turn| {
        let error = kit
            .store
            .turn(turn.id)
            .await
            .unwrap()
            .unwrap()
            .answer
            .unwrap()
            .error
            .unwrap();
        (error.status, error.code)
    };
    assert_eq!(
        end(&aborted).await,
        (TurnStatus::Cancelled, "aborted".to_owned())
    );
    assert_eq!(
        end(&lost).await,
        (TurnStatus::OutcomeUnknown, "engine_failed".to_owned())
    );
}
both!(a_lost_end_of_an_aborted_turn_is_a_cancellation);

async fn native_ids_are_a_history_per_conversation(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let native = |n, id: &str| happened(n, &turn, Happened::Native(NativeId(id.to_owned())));
    let without_conversation = |n, event| {
        let (turn, subsession) = (None, None);
        record(
            n,
            Entry::Event {
                turn,
                subsession,
                event,
            },
        )
    };
    let records = vec![
        native(1, "a"),
        native(2, "a"),
        native(3, "b"),
        without_conversation(4, Happened::Native(NativeId("nobody's".to_owned()))),
        native(5, "a"),
        without_conversation(
            6,
            Happened::Agent(AgentEvent::notice("stalled", "it is silent")),
        ),
    ];
    kit.store.store_records(session, records).await.unwrap();
    let ids = kit.store.native_ids(session).await.unwrap();
    let of_turn: Vec<&str> = ids[&turn.subsession]
        .iter()
        .map(|id| id.0.as_str())
        .collect();
    assert_eq!(of_turn, ["a", "b", "a"]);
    assert_eq!(ids.len(), 1);
    // They are for the server, not for the world.
    let told = kit.told(session).await;
    assert_eq!(told[2..], [("notice".to_owned(), None)]);
}
both!(native_ids_are_a_history_per_conversation);

async fn a_session_that_moved_meanwhile_is_pumped_all_the_same(kit: Kit) {
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    kit.move_on(session, SessionStatus::Active, Trigger::End)
        .await;
    kit.store
        .store_records(session, whole_turn(&turn))
        .await
        .unwrap();
    let told = kit.told(session).await;
    let told_of: Vec<&str> = told.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        told_of,
        ["status", "status", "status", "text", "text", "complete"]
    );
}
both!(a_session_that_moved_meanwhile_is_pumped_all_the_same);
