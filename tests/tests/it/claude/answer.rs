//! A turn from its first event to the last number of its statistics.

use serde_json::json;
use vwm_api::{Answer, EventBody, Prompt, RawMetadata, Stats, TurnError, TurnKind, TurnStatus};
use vwm_tests::Repository;

use super::{end, events_of, session, told, world};

/// What the scripted model says that one answer has used: all input, cached included.
const CALL_IN: i64 = 1250 + 300 + 40;
const CALL_OUT: i64 = 89;

#[tokio::test]
async fn a_turn_with_tools_is_told_in_order_and_every_number_of_it_is_right() {
    let world = world(json!({"rules": [
        {"when": "write", "steps": [
            {"think": "where does it go?", "text": "I write it.", "write": ["session_repo/notes.md", "hello\n"]},
            {"text": "I look at it.", "shell": "cat session_repo/notes.md"},
            {"think": "that is it", "text": "All is done now.", "chunks": 4},
        ]},
        {"when": "refuse", "steps": [{"error": 400}]},
    ]}))
    .await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let model = "claude-sonnet-4-5";
    let session = session(
        &world,
        json!({"modelConfig": {"model": model}}),
        Some(&project),
    )
    .await;
    let client = world.client();

    let prompt = Prompt {
        breadcrumbs: vec!["ticket-7".to_owned()],
        ..world.prompt("write notes")
    };
    let first = client.prompt(session.id, &prompt).await.expect("an answer");
    let second = world.ask(session.id, "write notes").await;
    let refused = world.ask(session.id, "refuse this").await;

    let of_first = events_of(&world, session.id, first.request_id).await;
    assert_eq!(
        told(&of_first),
        [
            "start",
            "thinking where does it go?",
            "text I write it.",
            "call Write",
            "result Write",
            "text I look at it.",
            "call Bash",
            "result Bash",
            "thinking that is it",
            "text All is done now.",
            "complete",
        ]
    );
    let calls_and_results: Vec<_> = of_first
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::ToolCall(call) => Some(call.id.clone()),
            EventBody::ToolResult(result) => Some(result.id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(calls_and_results[0], calls_and_results[1]);
    assert_eq!(calls_and_results[2], calls_and_results[3]);
    let last_text = of_first
        .iter()
        .rev()
        .skip(1)
        .take_while(|event| matches!(event.body, EventBody::Text(_)));
    assert!(last_text.count() > 1, "a text comes in deltas");
    let output = of_first.iter().find_map(|event| match &event.body {
        EventBody::ToolResult(result) if result.name.as_deref() == Some("Bash") => {
            Some(&result.output)
        }
        _ => None,
    });
    assert_eq!(output, Some(&json!("hello")));

    // What it cost, took and printed is the engine's and the clock's.
    let raw = first.raw.clone().expect("the engine printed something");
    assert_eq!(
        (raw.format.as_str(), &raw.metadata),
        (
            "stream-json",
            &RawMetadata {
                model: Some(model.to_owned()),
                request_id: first.request_id,
                cli_type: vwm_api::CliType::ClaudeCode
            }
        )
    );
    let last_line = raw.content.lines().last().expect("it has lines");
    assert!(last_line.contains(r#""type":"result""#), "{last_line}");
    let expected = Answer {
        request_id: first.request_id,
        status: TurnStatus::Complete,
        subsession_id: vwm_api::SubsessionId::main(session.id),
        response: "All is done now.".to_owned(),
        artifacts: vec!["session_repo/notes.md".to_owned()],
        tokens_in: Some(3 * CALL_IN),
        tokens_out: Some(3 * CALL_OUT),
        cost_usd: first.cost_usd,
        model: Some(model.to_owned()),
        duration_ms: first.duration_ms,
        raw: first.raw.clone(),
        error: None,
        retry_of: None,
    };
    assert_eq!(first, expected);
    assert!(
        of_first
            .iter()
            .any(|event| event.body == EventBody::Complete(Box::new(expected.clone())))
    );
    let (cost, later) = (
        first.cost_usd.expect("a cost"),
        second.cost_usd.expect("a cost"),
    );
    assert!(
        cost > 0.0 && (cost - later).abs() < cost / 10.0,
        "the first cost {cost}, the second {later}"
    );
    assert_eq!(
        (second.tokens_in, second.tokens_out),
        (Some(3 * CALL_IN), Some(3 * CALL_OUT))
    );
    assert!(first.duration_ms.is_some_and(|ms| ms > 0));
    assert_eq!(
        end(&refused),
        (TurnStatus::Failed, Some("model_refused"), "")
    );
    assert_eq!((refused.tokens_in, refused.tokens_out), (None, None));

    let view = client
        .request(session.id, first.request_id)
        .await
        .expect("it is known");
    assert_eq!(
        (view.status, view.answer),
        (TurnStatus::Complete, Some(first.clone()))
    );

    let rows = client.telemetry(session.id).await.expect("telemetry");
    assert_eq!(
        rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [first.request_id, second.request_id, refused.request_id]
    );
    for (row, answer) in rows.iter().zip([&first, &second, &refused]) {
        assert_eq!(row.kind, TurnKind::Prompt);
        assert_eq!(
            (row.status, row.tokens_in, row.tokens_out),
            (answer.status, answer.tokens_in, answer.tokens_out)
        );
        assert_eq!(
            (row.duration_ms, &row.artifacts),
            (answer.duration_ms, &answer.artifacts)
        );
        let response = row.response.as_ref().expect("it is over");
        assert_eq!(
            (&response.response, &response.raw),
            (&answer.response, &answer.raw)
        );
        assert_eq!(
            (response.tokens_in, response.tokens_out),
            (answer.tokens_in, answer.tokens_out)
        );
        assert!(row.completed_at.is_some_and(|at| at >= row.created_at));
    }
    assert_eq!(
        (rows[0].prompt.as_str(), rows[0].breadcrumbs.as_slice()),
        ("write notes", ["ticket-7".to_owned()].as_slice())
    );

    let total: i64 = rows.iter().filter_map(|row| row.duration_ms).sum();
    let stats = Stats {
        total_requests: 3,
        completed_requests: 2,
        failed_requests: 1,
        total_tokens_in: 6 * CALL_IN,
        total_tokens_out: 6 * CALL_OUT,
        total_duration_ms: total,
        avg_duration_ms: total as f64 / 3.0,
    };
    assert_eq!(client.stats(session.id).await.expect("stats"), stats);
    let TurnError { message, .. } = refused.error.expect("why");
    assert!(message.contains("400"), "{message}");
}
