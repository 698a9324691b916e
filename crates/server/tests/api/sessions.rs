//! Sessions: what may begin, what is told, how they end.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{SessionStatus, Trigger};

use crate::kit::TestApp;

#[tokio::test]
async fn a_session_begins_pending_with_its_workers_revision_and_warnings() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    let reply = app
        .post(
            "/sessions",
            json!({
                "workerName": "bob", "sessionRepository": {"url": "https://example.com/code.git"},
                "breadcrumbs": ["ticket-7"], "approvals": {"mode": "ask"},
            }),
        )
        .await;
    assert_snapshot!(reply, @r#"
    201 {
      "id": "[id]",
      "workerId": "[id]",
      "workerRevision": 1,
      "status": "pending",
      "statusSince": "[time]",
      "statusReason": null,
      "endStep": null,
      "repository": {
        "url": "https://example.com/code.git",
        "branch": "main"
      },
      "breadcrumbs": [
        "ticket-7"
      ],
      "timeout": 3600,
      "autoDeleteBranch": false,
      "wall": null,
      "createdAt": "[time]",
      "lastActivityAt": "[time]",
      "endedAt": null,
      "activeSeconds": 0,
      "warnings": [
        {
          "path": "modelConfig.provider",
          "code": "missing_key",
          "message": "the server has no key for anthropic, and its sessions will not start: set VWM_ANTHROPIC_API_KEY and start the server again"
        },
        {
          "path": "approvals",
          "code": "not_supported_yet",
          "message": "nobody is asked and no rule is applied yet: every tool call is allowed, and the wall is the limit"
        }
      ]
    }
    "#);
    let path = format!("/sessions/{}", reply.text("id"));
    assert_eq!(app.get(&path).await.body, reply.body);
}

#[tokio::test]
async fn a_session_whose_provider_has_a_key_has_nothing_to_warn_of() {
    let app = TestApp::start_with(|config| {
        let provider = vwm_api::harness::Provider {
            base_url: "http://127.0.0.1:9".into(),
            api_key: "sk-test".into(),
        };
        config.providers.insert("anthropic".into(), provider);
    })
    .await;
    let worker = app.worker("bob").await;
    let reply = app
        .post("/sessions", json!({"workerId": worker["id"]}))
        .await;
    assert_eq!(reply.body["warnings"], json!([]), "{reply}");
    let reply = app
        .post(
            "/sessions",
            json!({"workerId": worker["id"], "timeout": 3600}),
        )
        .await;
    assert_eq!(reply.body["warnings"], json!([]), "{reply}");
}

#[tokio::test]
async fn a_bad_session_is_told_all_its_faults_at_once() {
    let app = TestApp::start().await;
    let reply = app
        .post(
            "/sessions",
            json!({
                "workerId": "01970000-0000-7000-8000-000000000000", "timeout": 604_801, "breadcrumbs": [1],
                "repository": {"url": "https://bob:hunter2@example.com/x", "branch": "a..b", "brunch": 1},
                "autoDeleteBranch": "yes", "autodeletebranch": true,
            }),
        )
        .await;
    assert_snapshot!(reply, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "workerId",
          "message": "there is no worker \"01970000-0000-7000-8000-000000000000\"; `GET /admin/workers` lists them",
          "code": "unknown_reference"
        },
        {
          "path": "repository.url",
          "message": "a user, token or password does not belong in an address; use an ssh address and a key of the server's user",
          "code": "invalid_string"
        },
        {
          "path": "repository.branch",
          "message": "git allows no branch \"a..b\": a name has no `..` and no `@{`, and does not end with `.`",
          "code": "invalid_string"
        },
        {
          "path": "repository.brunch",
          "message": "there is no field `brunch`; did you mean `branch`?",
          "code": "unknown_field"
        },
        {
          "path": "breadcrumbs[0]",
          "message": "`breadcrumbs[0]` must be a string, and is a number",
          "code": "invalid_type"
        },
        {
          "path": "timeout",
          "message": "`timeout` must be from 0 to 604800, and is 604801",
          "code": "out_of_range"
        },
        {
          "path": "autoDeleteBranch",
          "message": "`autoDeleteBranch` must be true or false, and is a string",
          "code": "invalid_type"
        },
        {
          "path": "autodeletebranch",
          "message": "there is no field `autodeletebranch`; did you mean `autoDeleteBranch`?",
          "code": "unknown_field"
        }
      ]
    }
    "#);
    assert_eq!(
        app.post("/sessions", json!({})).await.faults(),
        [("workerId", "required")]
    );
    let both = json!({"workerId": "01970000-0000-7000-8000-000000000000", "workerName": "bob"});
    assert_eq!(
        app.post("/sessions", both).await.faults(),
        [("workerId", "invalid_string")]
    );
}

#[tokio::test]
async fn a_repository_of_this_machine_is_for_a_loopback_server_only() {
    let post = async |listen: &str| {
        let app = TestApp::start_with(|config| config.listen = listen.parse().unwrap()).await;
        app.worker("bob").await;
        let body = json!({"workerName": "bob", "repository": {"url": "file:///srv/code.git"}});
        app.post("/sessions", body).await
    };
    assert_eq!(post("127.0.0.1:0").await.status, 201);
    let refused = post("0.0.0.0:0").await;
    assert_eq!(refused.status, 400, "{refused}");
    assert_eq!(refused.faults()[0].0, "repository.url");
}

#[tokio::test]
async fn the_same_idempotency_key_makes_one_session() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    let post = async |body: Value| {
        let headers = [("idempotency-key", "k1")];
        app.send(Method::POST, "/sessions", &headers, Some(body))
            .await
    };
    let first = post(json!({"workerName": "bob", "breadcrumbs": ["a"]})).await;
    let second = post(json!({"breadcrumbs": ["a"], "workerName": "bob"})).await;
    assert_eq!((second.status.as_u16(), &second.body), (201, &first.body));
    assert_snapshot!(post(json!({"workerName": "bob"})).await, @r#"
    422 {
      "error": "Idempotency-Key was used with another request: take a new key for a new request"
    }
    "#);
    let long = "k".repeat(256);
    let headers = [("idempotency-key", long.as_str())];
    let reply = app
        .send(
            Method::POST,
            "/sessions",
            &headers,
            Some(json!({"workerName": "bob"})),
        )
        .await;
    assert_eq!(reply.faults(), [("Idempotency-Key", "too_long")]);
}

#[tokio::test]
async fn the_same_call_gets_its_session_also_when_the_worker_is_gone() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    let post = async |body: Value| {
        let headers = [("idempotency-key", "k1")];
        app.send(Method::POST, "/sessions", &headers, Some(body))
            .await
    };
    let first = post(json!({"workerName": "bob"})).await;
    let id = first.text("id").parse().unwrap();
    app.trigger(id, Trigger::End).await;
    app.trigger(id, Trigger::Ended).await;
    let path = format!("/admin/workers/{}", worker["id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, 204);
    let second = post(json!({"workerName": "bob"})).await;
    assert_eq!(second.status, 201, "{second}");
    assert_eq!(second.body["id"], first.body["id"]);
    let other = post(json!({"workerName": "bob", "timeout": 60})).await;
    assert_eq!(other.status, 422, "{other}");
    let by_name = app.post("/sessions", json!({"workerName": "bob"})).await;
    assert_eq!(by_name.faults(), [("workerName", "unknown_reference")]);
}

#[tokio::test]
async fn a_list_is_filtered_and_goes_on_where_it_stopped() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    for crumb in ["a", "b", "b"] {
        app.post(
            "/sessions",
            json!({"workerName": "bob", "breadcrumbs": [crumb]}),
        )
        .await;
    }
    let first = app.get("/sessions?breadcrumb=b&limit=1").await;
    assert_eq!(
        first.body["items"].as_array().map(Vec::len),
        Some(1),
        "{first}"
    );
    let cursor = first.text("nextCursor");
    let second = app
        .get(&format!("/sessions?breadcrumb=b&limit=1&cursor={cursor}"))
        .await;
    assert_eq!(second.body["items"][0]["breadcrumbs"], json!(["b"]));
    assert_ne!(second.body["items"][0]["id"], first.body["items"][0]["id"]);
    let none = app.get("/sessions?status=ended").await;
    assert_eq!(none.body, json!({"items": [], "nextCursor": null}));
    let bad = app
        .get("/sessions?status=done&limit=0&workerId=x&cursor=x")
        .await;
    let expected = [
        ("status", "invalid_enum_value"),
        ("workerId", "invalid_string"),
        ("limit", "out_of_range"),
    ];
    assert_eq!(bad.faults(), expected);
    assert_eq!(
        app.get("/sessions?cursor=x").await.faults(),
        [("cursor", "invalid_string")]
    );
}

#[tokio::test]
async fn a_session_is_asked_to_end_from_every_status_and_as_often_as_one_likes() {
    for status in SessionStatus::ALL {
        let app = TestApp::start().await;
        let id = app.session(status).await;
        for _ in 0..2 {
            let reply = app.delete(&format!("/sessions/{id}")).await;
            assert_eq!(reply.status, 204, "{status:?}: {reply}");
        }
        let after = app.get(&format!("/sessions/{id}")).await;
        let expected = if status == SessionStatus::Ended {
            "ended"
        } else {
            "ending"
        };
        assert_eq!(after.text("status"), expected, "{status:?}");
    }
    let app = TestApp::start().await;
    let unknown = app
        .delete("/sessions/01970000-0000-7000-8000-000000000000")
        .await;
    assert_snapshot!(unknown, @r#"
    404 {
      "error": "Session not found"
    }
    "#);
}

#[tokio::test]
async fn who_waits_for_the_end_is_answered_when_it_is_there() {
    let app = TestApp::start().await;
    let id = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{id}?wait=true");
    let mut events = app.app.store.watch(id);
    let end = async {
        // The request moves the session first; an orchestrator would go on from there.
        events.changed().await;
        app.trigger(id, Trigger::Ended).await;
    };
    let (reply, ()) = tokio::join!(app.delete(&path), end);
    assert_eq!(reply.status, 204);
    assert_eq!(
        app.get(&format!("/sessions/{id}")).await.text("status"),
        "ended"
    );
}
