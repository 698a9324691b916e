//! Limits: a session too many, what `/status` says of what waits, what may be asked again.

use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{AbortRequest, Role, SessionId, SessionStatus, Trigger};

use crate::kit::{Reply, TestApp};

#[tokio::test]
async fn a_session_too_many_is_refused_with_the_limit_and_when_to_ask_again() {
    let app = TestApp::start_with(|config| config.limits.max_sessions = 2).await;
    let first = app.session(SessionStatus::Active).await;
    let new = json!({"workerName": "bob"});
    let create = async || {
        let key = [("idempotency-key", "monday")];
        let body = Some(new.clone());
        app.send(Method::POST, "/sessions", &key, body).await
    };
    let made = create().await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(app.get("/status").await.body["limits"]["sessions"], 2);

    let refused = app.post("/sessions", new.clone()).await;
    assert_snapshot!(refused, @r#"
    429 {
      "error": "Too many requests: the limit of sessions that are pending, active or ending is reached for this server (2 of 2); end one, or ask again when one has ended or is suspended"
    }
    "#);
    assert_eq!(refused.headers["retry-after"], "1");
    let status = app.get("/status").await.body;
    assert_snapshot!(status["refusesSessions"].as_str().unwrap_or_default(), @"the limit of sessions that are pending, active or ending is reached for this server (2 of 2); end one, or ask again when one has ended or is suspended");
    // What the same call made before is there, limit or not.
    assert_eq!(create().await.body["id"], made.body["id"]);

    app.trigger(first, Trigger::Suspend).await;
    assert_eq!(
        app.get("/status").await.body["refusesSessions"],
        Value::Null
    );
    assert_eq!(app.post("/sessions", new).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_worker_at_its_limit_leaves_the_others_theirs() {
    let app = TestApp::start_with(|config| config.limits.worker_max_sessions = 1).await;
    app.session(SessionStatus::Pending).await;
    app.worker("eve").await;
    let refused = app.post("/sessions", json!({"workerName": "bob"})).await;
    assert_snapshot!(refused, @r#"
    429 {
      "error": "Too many requests: the limit of sessions that are pending, active or ending is reached for the worker (1 of 1); end one, or ask again when one has ended or is suspended"
    }
    "#);
    assert_eq!(refused.headers["retry-after"], "1");
    app.session_of("eve", SessionStatus::Pending).await;
    assert_eq!(
        app.get("/status").await.body["refusesSessions"],
        Value::Null
    );
}

#[tokio::test]
async fn any_key_reads_what_waits_and_for_what_and_nobody_reads_a_prompt_there() {
    let app = TestApp::start_with(|config| config.limits.max_turns = 3).await;
    let session = app.session(SessionStatus::Active).await;
    for prompt in ["secret plans", "more of them"] {
        let path = format!("/sessions/{session}/requests");
        let reply = app.post(&path, json!({"prompt": prompt})).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED);
    }
    let key = app.key_of(Role::Read).await;
    let request = http::Request::get("/status").header("x-api-key", key);
    let reply = app
        .raw(request.body(axum::body::Body::empty()).unwrap())
        .await;
    let mut told = reply.body;
    told["uptime"] = 0.into();
    assert_snapshot!(Reply { body: told, ..reply }, @r#"
    200 {
      "service": "vwm",
      "version": "0.1.0",
      "uptime": 0,
      "environment": "local",
      "role": "read",
      "database": "sqlite",
      "refusesSessions": null,
      "sessions": {
        "pending": 0,
        "active": 1,
        "suspended": 0,
        "ending": 0,
        "failed": 0
      },
      "turns": {
        "running": 0,
        "waiting": 2
      },
      "limits": {
        "sessions": null,
        "sessionsPerWorker": null,
        "turns": 3,
        "turnsPerWorker": null
      },
      "waiting": [
        {
          "requestId": "[id]",
          "sessionId": "[id]",
          "workerId": "[id]",
          "since": "[time]",
          "reason": "session"
        },
        {
          "requestId": "[id]",
          "sessionId": "[id]",
          "workerId": "[id]",
          "since": "[time]",
          "reason": "conversation"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn what_did_not_complete_is_asked_again_and_says_so() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let prompt = json!({"prompt": "Mend it.", "timeout": 77, "breadcrumbs": ["ticket-7"]});
    let earlier = ask(&app, session, prompt).await;
    let path = format!("/sessions/{session}/requests/{earlier}");
    let retry = format!("{path}/retry");
    assert_snapshot!(app.post(&retry, json!({})).await, @r#"
    409 {
      "error": "Request cannot be tried again: it waits to be run; wait for its end"
    }
    "#);
    abort(&app, session).await;

    let again = async |key: &str| {
        let key = [("idempotency-key", key)];
        app.send(Method::POST, &retry, &key, None).await
    };
    let accepted = again("one").await;
    assert_snapshot!(accepted, @r#"
    202 {
      "requestId": "[id]",
      "status": "pending"
    }
    "#);
    let id = accepted.text("requestId").to_owned();
    let location = format!("/sessions/{session}/requests/{id}");
    assert_eq!(accepted.headers["location"], location);
    assert_eq!(again("one").await.text("requestId"), id);
    let view = app.get(&location).await.body;
    assert_eq!(view["retryOf"], earlier.as_str());
    let turn = app.open_turn(session).await;
    let kept = (
        turn.prompt.as_str(),
        turn.timeout_s,
        turn.breadcrumbs.as_slice(),
    );
    assert_eq!(kept, ("Mend it.", 77, ["ticket-7".to_owned()].as_slice()));
    app.run_turn(&turn, "Mended.").await;
    let view = app.get(&location).await.body;
    assert_eq!(view["answer"]["retryOf"], earlier.as_str());
    let telemetry = app
        .get(&format!("/sessions/{session}/telemetry"))
        .await
        .body;
    assert_eq!(telemetry[1]["retryOf"], earlier.as_str());

    // What is complete is not asked again; what it tried again may be, as often as one likes.
    assert_snapshot!(app.post(&format!("{location}/retry"), json!({})).await, @r#"
    409 {
      "error": "Request cannot be tried again: it is complete; prompt anew to ask the same again"
    }
    "#);
    assert_eq!(again("two").await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_session_that_is_over_takes_no_retry_and_answers_the_one_it_took() {
    let app = TestApp::start().await;
    app.learner("bob", Some("https://example.com/bob.git"))
        .await;
    let session = app.session_of("bob", SessionStatus::Active).await;
    let earlier = ask(&app, session, json!({"prompt": "Mend it."})).await;
    abort(&app, session).await;
    let path = |request: &str| format!("/sessions/{session}/requests/{request}/retry");
    let key = [("idempotency-key", "one")];
    let again = async || app.send(Method::POST, &path(&earlier), &key, None).await;
    let taken = again().await;
    let turn = app.open_turn(session).await;
    app.run_turn(&turn, "Mended.").await;
    app.delete(&format!("/sessions/{session}")).await;

    assert_eq!(again().await.text("requestId"), taken.text("requestId"));
    assert_snapshot!(app.post(&path(&earlier), json!({})).await, @r#"
    409 {
      "error": "Session is not active: it is ending; start another"
    }
    "#);
    let learning = app.open_turn(session).await.id.to_string();
    assert_snapshot!(app.post(&path(&learning), json!({})).await, @r#"
    409 {
      "error": "Request cannot be tried again: it is the session's own; only prompts are tried again"
    }
    "#);
    let nothing = SessionId::new().to_string();
    assert_eq!(
        app.post(&path(&nothing), json!({})).await.status,
        StatusCode::NOT_FOUND
    );
}

async fn ask(app: &TestApp, session: SessionId, prompt: Value) -> String {
    let reply = app
        .post(&format!("/sessions/{session}/requests"), prompt)
        .await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{reply}");
    reply.text("requestId").to_owned()
}

async fn abort(app: &TestApp, session: SessionId) {
    let all = AbortRequest::default();
    app.app
        .store
        .ask_abort(session, &all)
        .await
        .expect("an abort");
}
