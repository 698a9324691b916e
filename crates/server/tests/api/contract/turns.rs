//! A turn as it is told wherever it is told: the request, the answer, the telemetry, the numbers.

use insta::assert_snapshot;
use serde_json::json;
use vwm_api::harness::{Entry, Outcome, TurnOrder};
use vwm_api::{SessionId, SessionStatus, TurnError, TurnStatus};
use vwm_store::Turn;

use super::{ended, journal, outcome};
use crate::kit::{Reply, TestApp};

/// Asks, and gives the turn that there is then.
async fn asked(app: &TestApp, session: SessionId, prompt: &str) -> Turn {
    let path = format!("/sessions/{session}/requests");
    let reply = app.post(&path, json!({"prompt": prompt})).await;
    assert_eq!(reply.status, 202, "{reply}");
    app.open_turn(session).await
}

/// What a harness journals when it begins with a turn.
fn begun(turn: &Turn) -> Vec<Entry> {
    let order = TurnOrder {
        turn: turn.id,
        subsession: turn.subsession,
        kind: turn.kind,
        prompt: turn.prompt.clone(),
        timeout_s: turn.timeout_s,
    };
    vec![Entry::Accepted { order }, Entry::Sent { turn: turn.id }]
}

/// Asks, and lets it end like this.
async fn with_end(app: &TestApp, session: SessionId, end: Outcome) -> Turn {
    let turn = asked(app, session, "Do it.").await;
    let mut entries = begun(&turn);
    entries.push(ended(&turn, end));
    journal(app, session, entries).await;
    turn
}

fn failed() -> Outcome {
    Outcome {
        duration_ms: Some(20),
        tokens_in: Some(5),
        error: Some(TurnError {
            status: TurnStatus::Failed,
            message: "the provider takes no more; ask again later".to_owned(),
            code: "model_rate_limited".to_owned(),
            retryable: true,
            resets_at: Some(serde_json::from_value(json!("2030-01-01T00:00:00Z")).expect("a time")),
        }),
        ..outcome(TurnStatus::Failed)
    }
}

fn unknown() -> Outcome {
    Outcome {
        engine: None,
        error: Some(TurnError {
            status: TurnStatus::OutcomeUnknown,
            message: "its end was lost; look at the workspace before you ask again".to_owned(),
            code: "outcome_unknown".to_owned(),
            retryable: false,
            resets_at: None,
        }),
        ..outcome(TurnStatus::OutcomeUnknown)
    }
}

async fn request(app: &TestApp, turn: &Turn) -> Reply {
    let (session, id) = (turn.session, turn.id);
    app.get(&format!("/sessions/{session}/requests/{id}")).await
}

#[tokio::test]
async fn a_request_is_told_as_it_stands() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let turn = asked(&app, session, "Do it.").await;
    assert_snapshot!(request(&app, &turn).await, @r#"
    200 {
      "requestId": "[id]",
      "status": "pending",
      "subsessionId": "[id]",
      "createdAt": "[time]",
      "retryOf": null,
      "answer": null
    }
    "#);
    journal(&app, session, begun(&turn)).await;
    let running = request(&app, &turn).await;
    assert_eq!(
        (running.text("status"), &running.body["answer"]),
        ("running", &json!(null))
    );
    journal(&app, session, vec![ended(&turn, failed())]).await;
    assert_snapshot!(request(&app, &turn).await, @r#"
    200 {
      "requestId": "[id]",
      "status": "failed",
      "subsessionId": "[id]",
      "createdAt": "[time]",
      "retryOf": null,
      "answer": {
        "requestId": "[id]",
        "status": "failed",
        "subsessionId": "[id]",
        "response": "",
        "artifacts": [],
        "tokensIn": 5,
        "tokensOut": null,
        "costUsd": null,
        "model": null,
        "durationMs": 20,
        "raw": null,
        "error": {
          "status": "failed",
          "message": "the provider takes no more; ask again later",
          "code": "model_rate_limited",
          "retryable": true,
          "resetsAt": "[time]"
        },
        "retryOf": null
      }
    }
    "#);
}

#[tokio::test]
async fn a_turn_that_ran_and_did_not_complete_is_200_with_its_status_and_error() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    for end in [failed(), unknown()] {
        let path = format!("/sessions/{session}/prompt");
        let run = async {
            let turn = app.open_turn(session).await;
            let mut entries = begun(&turn);
            entries.push(ended(&turn, end.clone()));
            journal(&app, session, entries).await;
            turn
        };
        let (reply, turn) = tokio::join!(app.post(&path, json!({"prompt": "Do it."})), run);
        assert_eq!(reply.status, 200, "{reply}");
        assert_eq!(reply.text("status"), end.status.as_str());
        assert_eq!(reply.body, request(&app, &turn).await.body["answer"]);
        assert_eq!(
            reply.body["error"]["code"],
            json!(end.error.expect("one").code)
        );
    }
    let path = format!("/sessions/{session}/prompt");
    let abort = async {
        app.open_turn(session).await;
        let path = format!("/sessions/{session}/abort");
        let aborted = app.post(&path, json!({}));
        assert_eq!(aborted.await.status, 200);
    };
    let (reply, ()) = tokio::join!(app.post(&path, json!({"prompt": "Do it."})), abort);
    assert_snapshot!(reply, @r#"
    200 {
      "requestId": "[id]",
      "status": "cancelled",
      "subsessionId": "[id]",
      "response": "",
      "artifacts": [],
      "tokensIn": null,
      "tokensOut": null,
      "costUsd": null,
      "model": null,
      "durationMs": null,
      "raw": null,
      "error": {
        "status": "cancelled",
        "message": "the turn was aborted before it began; send the prompt again if it is wanted",
        "code": "aborted",
        "retryable": false
      },
      "retryOf": null
    }
    "#);
}

#[tokio::test]
async fn telemetry_tells_every_turn_oldest_first_and_running_ones_too() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    with_end(&app, session, failed()).await;
    with_end(&app, session, unknown()).await;
    asked(&app, session, "and this?").await;
    assert_snapshot!(app.get(&format!("/sessions/{session}/telemetry")).await, @r#"
    200 [
      {
        "id": "[id]",
        "sessionId": "[id]",
        "workerId": "[id]",
        "subsessionId": "[id]",
        "kind": "prompt",
        "keyId": "[id]",
        "prompt": "Do it.",
        "response": {
          "response": "",
          "tokensIn": 5,
          "tokensOut": null,
          "raw": null
        },
        "tokensIn": 5,
        "tokensOut": null,
        "costUsd": null,
        "model": null,
        "status": "failed",
        "error": {
          "status": "failed",
          "message": "the provider takes no more; ask again later",
          "code": "model_rate_limited",
          "retryable": true,
          "resetsAt": "[time]"
        },
        "retryOf": null,
        "durationMs": 20,
        "artifacts": [],
        "breadcrumbs": [],
        "createdAt": "[time]",
        "completedAt": "[time]"
      },
      {
        "id": "[id]",
        "sessionId": "[id]",
        "workerId": "[id]",
        "subsessionId": "[id]",
        "kind": "prompt",
        "keyId": "[id]",
        "prompt": "Do it.",
        "response": {
          "response": "",
          "tokensIn": null,
          "tokensOut": null,
          "raw": null
        },
        "tokensIn": null,
        "tokensOut": null,
        "costUsd": null,
        "model": null,
        "status": "outcome_unknown",
        "error": {
          "status": "outcome_unknown",
          "message": "its end was lost; look at the workspace before you ask again",
          "code": "outcome_unknown",
          "retryable": false
        },
        "retryOf": null,
        "durationMs": null,
        "artifacts": [],
        "breadcrumbs": [],
        "createdAt": "[time]",
        "completedAt": "[time]"
      },
      {
        "id": "[id]",
        "sessionId": "[id]",
        "workerId": "[id]",
        "subsessionId": "[id]",
        "kind": "prompt",
        "keyId": "[id]",
        "prompt": "and this?",
        "response": null,
        "tokensIn": null,
        "tokensOut": null,
        "costUsd": null,
        "model": null,
        "status": "pending",
        "error": null,
        "retryOf": null,
        "durationMs": null,
        "artifacts": [],
        "breadcrumbs": [],
        "createdAt": "[time]",
        "completedAt": null
      }
    ]
    "#);
}

#[tokio::test]
async fn a_learning_turn_is_told_with_what_came_of_it_and_counts_for_no_number() {
    let app = TestApp::start().await;
    app.learner("bob", Some("https://example.com/kb.git")).await;
    let session = app.session_of("bob", SessionStatus::Active).await;
    app.complete_a_prompt(session).await;
    app.delete(&format!("/sessions/{session}")).await;
    let turn = app.open_turn(session).await;
    let mut entries = begun(&turn);
    entries.push(ended(&turn, outcome(TurnStatus::Complete)));
    journal(&app, session, entries).await;
    let mut reply = app.get(&format!("/sessions/{session}/telemetry")).await;
    let mut last = reply.body[1].take();
    assert_eq!(last["prompt"].take(), json!(turn.prompt));
    reply.body = last;
    assert_snapshot!(reply, @r#"
    200 {
      "id": "[id]",
      "sessionId": "[id]",
      "workerId": "[id]",
      "subsessionId": "[id]",
      "kind": "learning",
      "keyId": null,
      "prompt": null,
      "response": {
        "response": "",
        "tokensIn": null,
        "tokensOut": null,
        "raw": null
      },
      "tokensIn": null,
      "tokensOut": null,
      "costUsd": null,
      "model": null,
      "status": "complete",
      "error": null,
      "retryOf": null,
      "durationMs": null,
      "artifacts": [],
      "breadcrumbs": [],
      "createdAt": "[time]",
      "completedAt": "[time]",
      "learning": {
        "content": null,
        "path": null,
        "gitCommitted": false,
        "gitPushed": false,
        "gitCommitSha": null
      }
    }
    "#);
    let stats = app.get(&format!("/sessions/{session}/stats")).await;
    assert_eq!(stats.body["totalRequests"], 1, "{stats}");
}

#[tokio::test]
async fn the_numbers_are_of_prompts_over_all_of_them() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{session}/stats");
    assert_snapshot!(app.get(&path).await, @r#"
    200 {
      "totalRequests": 0,
      "completedRequests": 0,
      "failedRequests": 0,
      "totalTokensIn": 0,
      "totalTokensOut": 0,
      "totalDurationMs": 0,
      "avgDurationMs": 0.0
    }
    "#);
    app.complete_a_prompt(session).await;
    with_end(&app, session, failed()).await;
    with_end(&app, session, unknown()).await;
    asked(&app, session, "wait").await;
    app.post(&format!("/sessions/{session}/abort"), json!({}))
        .await;
    asked(&app, session, "wait").await;
    assert_snapshot!(app.get(&path).await, @r#"
    200 {
      "totalRequests": 5,
      "completedRequests": 1,
      "failedRequests": 3,
      "totalTokensIn": 16,
      "totalTokensOut": 7,
      "totalDurationMs": 60,
      "avgDurationMs": 12.0
    }
    "#);
}
