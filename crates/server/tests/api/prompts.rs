//! Prompts: what is refused, who waits for what, what is answered twice.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{SessionStatus, TurnId};

use crate::kit::TestApp;

#[tokio::test]
async fn a_prompt_waits_for_the_whole_answer() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{session}/prompt");
    let run = async {
        let turn = app.open_turn(session).await;
        app.run_turn(&turn, "Done.").await;
    };
    let body = json!({"prompt": "Do it.", "breadcrumbs": ["x"]});
    let (reply, ()) = tokio::join!(app.post(&path, body), run);
    assert_snapshot!(reply, @r#"
    200 {
      "requestId": "[id]",
      "status": "complete",
      "subsessionId": "[id]",
      "response": "Done.",
      "artifacts": [
        "README.md"
      ],
      "tokensIn": 11,
      "tokensOut": 7,
      "costUsd": 0.25,
      "model": "scripted-1",
      "durationMs": 40,
      "raw": {
        "format": "stream-json",
        "content": "{}\n",
        "metadata": {
          "model": "scripted-1",
          "requestId": "[id]",
          "cliType": "claude-code"
        }
      },
      "error": null,
      "retryOf": null
    }
    "#);

    let request = app
        .get(&format!(
            "/sessions/{session}/requests/{}",
            reply.text("requestId")
        ))
        .await;
    assert_eq!(request.body["answer"], reply.body);
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
          "response": "Done.",
          "tokensIn": 11,
          "tokensOut": 7,
          "raw": {
            "format": "stream-json",
            "content": "{}\n",
            "metadata": {
              "model": "scripted-1",
              "requestId": "[id]",
              "cliType": "claude-code"
            }
          }
        },
        "tokensIn": 11,
        "tokensOut": 7,
        "costUsd": 0.25,
        "model": "scripted-1",
        "status": "complete",
        "error": null,
        "retryOf": null,
        "durationMs": 40,
        "artifacts": [
          "README.md"
        ],
        "breadcrumbs": [
          "x"
        ],
        "createdAt": "[time]",
        "completedAt": "[time]"
      }
    ]
    "#);
    assert_snapshot!(app.get(&format!("/sessions/{session}/stats")).await, @r#"
    200 {
      "totalRequests": 1,
      "completedRequests": 1,
      "failedRequests": 0,
      "totalTokensIn": 11,
      "totalTokensOut": 7,
      "totalDurationMs": 40,
      "avgDurationMs": 40.0
    }
    "#);
}

#[tokio::test]
async fn a_bad_prompt_is_told_all_its_faults_at_once() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{session}/prompt");
    let body = json!({
        "promt": "hi", "subsessionId": "main", "timeout": 1.5, "breadcrumbs": "x", "onBusy": "wait",
    });
    assert_snapshot!(app.post(&path, body).await, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "prompt",
          "message": "`prompt` is missing",
          "code": "required"
        },
        {
          "path": "subsessionId",
          "message": "\"main\" is not an id; ids are UUIDs such as 01970000-0000-7000-8000-000000000000",
          "code": "invalid_string"
        },
        {
          "path": "timeout",
          "message": "`timeout` must be a whole number, and is 1.5",
          "code": "invalid_type"
        },
        {
          "path": "breadcrumbs",
          "message": "`breadcrumbs` must be a list of strings, and is a string",
          "code": "invalid_type"
        },
        {
          "path": "onBusy",
          "message": "`onBusy` is \"wait\", and must be queue or reject",
          "code": "invalid_enum_value"
        },
        {
          "path": "promt",
          "message": "there is no field `promt`; did you mean `prompt`?",
          "code": "unknown_field"
        }
      ]
    }
    "#);
    assert_eq!(
        app.post(&path, json!({"prompt": ""})).await.faults(),
        [("prompt", "too_short")]
    );
    let long = "x".repeat(1024 * 1024 + 1);
    assert_snapshot!(app.post(&path, json!({"prompt": long})).await, @r#"
    413 {
      "error": "Payload too large: a prompt has at most 1 MiB; put the rest into a file of the workspace"
    }
    "#);
}

#[tokio::test]
async fn a_session_that_takes_no_prompts_says_why() {
    let mut told = String::new();
    for status in SessionStatus::ALL {
        if matches!(status, SessionStatus::Active | SessionStatus::Suspended) {
            continue;
        }
        let app = TestApp::start().await;
        let session = app.session(status).await;
        for call in ["prompt", "stream", "requests"] {
            let reply = app
                .post(
                    &format!("/sessions/{session}/{call}"),
                    json!({"prompt": "hi"}),
                )
                .await;
            assert_eq!(reply.status, 409, "{reply}");
            told += &format!("{call}: {}\n", reply.text("error"));
        }
    }
    assert_snapshot!(told, @r#"
    prompt: Session is not active: it is pending; wait until it is active
    stream: Session is not active: it is pending; wait until it is active
    requests: Session is not active: it is pending; wait until it is active
    prompt: Session is not active: it is ending; start another
    stream: Session is not active: it is ending; start another
    requests: Session is not active: it is ending; start another
    prompt: Session is not active: it is ended; start another
    stream: Session is not active: it is ended; start another
    requests: Session is not active: it is ended; start another
    prompt: Session is not active: it is failed; its statusReason says why; end it and start another
    stream: Session is not active: it is failed; its statusReason says why; end it and start another
    requests: Session is not active: it is failed; its statusReason says why; end it and start another
    "#);
    let app = TestApp::start().await;
    let unknown = "/sessions/01970000-0000-7000-8000-000000000000";
    assert_snapshot!(app.post(&format!("{unknown}/prompt"), json!({"prompt": "hi"})).await, @r#"
    404 {
      "error": "Session not found"
    }
    "#);
    assert_snapshot!(app.get(&format!("{unknown}/telemetry")).await, @r#"
    404 {
      "error": "Session not found"
    }
    "#);
}

#[tokio::test]
async fn a_busy_conversation_queues_up_to_its_bound_and_rejects_who_will_not_wait() {
    let app = TestApp::start_with(|config| config.queue_limit = 1).await;
    let session = app.session(SessionStatus::Suspended).await;
    let path = format!("/sessions/{session}/stream");
    let ask = async |on_busy: &str| {
        app.post_unread(&path, json!({"prompt": "hi", "onBusy": on_busy}))
            .await
    };
    assert_eq!(ask("reject").await.status, 200);
    let busy = ask("reject").await;
    assert_eq!(busy.status, 409);
    assert_eq!(ask("queue").await.status, 200);
    let full = ask("queue").await;
    assert_eq!(
        (full.status.as_u16(), &full.headers["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    let other = json!({"prompt": "hi", "onBusy": "reject", "subsessionId": TurnId::new()});
    assert_eq!(app.post_unread(&path, other).await.status, 200);
}

#[tokio::test]
async fn a_repeated_prompt_attaches_to_the_first_one_whichever_call_is_used() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let call = |name: &'static str, body: Value| {
        let path = format!("/sessions/{session}/{name}");
        let app = &app;
        async move {
            let headers = [("idempotency-key", "k1")];
            app.send(Method::POST, &path, &headers, Some(body)).await
        }
    };
    let body = json!({"prompt": "Do it.", "timeout": 60});
    let run = async {
        let turn = app.open_turn(session).await;
        app.run_turn(&turn, "Done.").await;
    };
    let again = json!({"timeout": 60, "prompt": "Do it."});
    let (first, second, streamed, ()) = tokio::join!(
        call("prompt", body.clone()),
        call("prompt", again),
        call("stream", body.clone()),
        run
    );
    assert_eq!(first.status, 200, "{first}");
    assert_eq!(first.body, second.body);
    let id = first.text("requestId");
    assert!(
        streamed.body.as_str().expect("frames").contains(id),
        "{streamed}"
    );
    assert_eq!(call("prompt", body).await.body, first.body);
    assert_eq!(app.app.store.turns(session).await.unwrap().len(), 1);
    assert_snapshot!(call("stream", json!({"prompt": "Do that."})).await, @r#"
    422 {
      "error": "Idempotency-Key was used with another request: take a new key for a new request"
    }
    "#);
}

#[tokio::test]
async fn an_abort_names_what_it_ends_or_finds_nothing() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{session}/abort");
    assert_snapshot!(app.post(&path, json!({})).await, @r#"
    409 {
      "error": "Nothing is in flight: no turn runs or waits that could be aborted"
    }
    "#);
    app.post_unread(
        &format!("/sessions/{session}/stream"),
        json!({"prompt": "hi"}),
    )
    .await;
    let other = json!({"requestId": TurnId::new()});
    assert_eq!(app.post(&path, other).await.status, 409);
    let both = json!({"requestId": TurnId::new(), "subsessionId": session});
    assert_eq!(
        app.post(&path, both).await.faults(),
        [("requestId", "invalid_string")]
    );
    let turn = app.open_turn(session).await;
    // No body at all means everything.
    let reply = app.send(Method::POST, &path, &[], None).await;
    assert_snapshot!(reply, @r#"
    200 {
      "status": "aborted"
    }
    "#);
    let request = app
        .get(&format!("/sessions/{session}/requests/{}", turn.id))
        .await;
    assert_eq!(request.text("status"), "cancelled");
}

#[tokio::test]
async fn a_server_that_stops_sends_away_who_waits_and_says_where_the_answer_will_be() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let stop = async {
        let turn = app.open_turn(session).await;
        app.app.stop.cancel();
        turn.id
    };
    let path = format!("/sessions/{session}/prompt");
    let (reply, turn) = tokio::join!(app.post(&path, json!({"prompt": "hi"})), stop);
    assert_eq!(reply.status, 503, "{reply}");
    assert!(
        reply
            .text("error")
            .contains(&format!("/sessions/{session}/requests/{turn}"))
    );
    let turn = app
        .app
        .store
        .turn(turn)
        .await
        .unwrap()
        .expect("it is there");
    assert!(!turn.status.is_over() && !turn.abort_asked, "{turn:?}");
}

#[tokio::test]
async fn a_request_of_another_session_is_not_found() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    app.post_unread(
        &format!("/sessions/{session}/stream"),
        json!({"prompt": "hi"}),
    )
    .await;
    let turn = app.open_turn(session).await;
    let other = app.post("/sessions", json!({"workerName": "bob"})).await;
    let path = format!("/sessions/{}/requests/{}", other.text("id"), turn.id);
    assert_snapshot!(app.get(&path).await, @r#"
    404 {
      "error": "Request not found"
    }
    "#);
}
