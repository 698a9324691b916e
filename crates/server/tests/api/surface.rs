//! What is the same everywhere: unknown paths, bodies that are none, request ids, health.

use axum::body::Body;
use http::{Method, Request};
use insta::assert_snapshot;
use serde_json::json;
use vwm_api::{
    AbortRequest, Approvals, NewRuntime, NewSession, OnBusy, Prompt, Repository, Runtime, Session,
    SubsessionId, Trigger,
};

use crate::kit::TestApp;

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_told_in_json() {
    let app = TestApp::start().await;
    assert_snapshot!(app.get("/session").await, @r#"
    404 {
      "error": "Route not found"
    }
    "#);
    let wrong = app.put("/sessions", json!({})).await;
    assert_eq!(wrong.headers["allow"], "GET,HEAD,POST");
    assert_snapshot!(wrong, @r#"
    405 {
      "error": "Method not allowed: this path has other methods"
    }
    "#);
    assert_snapshot!(app.get("/sessions/0197").await, @r#"
    404 {
      "error": "Session not found"
    }
    "#);
    assert_snapshot!(app.get("/admin/workers/bob").await, @r#"
    404 {
      "error": "Worker not found"
    }
    "#);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let app = TestApp::start().await;
    let send = async |kind: &str, body: &str| {
        let request = Request::post("/sessions")
            .header("x-api-key", &app.key)
            .header("content-type", kind)
            .body(Body::from(body.to_owned()));
        app.raw(request.unwrap()).await
    };
    assert_snapshot!(send("application/json", "{\"workerId\": ").await, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "",
          "message": "the body is not JSON: EOF while parsing a value at line 1 column 13",
          "code": "invalid_json"
        }
      ]
    }
    "#);
    assert_snapshot!(send("application/json", "").await, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "",
          "message": "the body is empty; send a JSON object",
          "code": "invalid_json"
        }
      ]
    }
    "#);
    assert_snapshot!(send("application/json", "[1]").await, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "",
          "message": "the body must be an object, and is a list",
          "code": "invalid_type"
        }
      ]
    }
    "#);
    assert_snapshot!(send("text/plain", "{}").await, @r#"
    415 {
      "error": "Unsupported media type: send application/json"
    }
    "#);
    let large = format!("{{\"workerName\": \"{}\"}}", "x".repeat(2 * 1024 * 1024));
    assert_snapshot!(send("application/json; charset=utf-8", &large).await, @r#"
    413 {
      "error": "Payload too large: a JSON body has at most 2 MiB; send less"
    }
    "#);
}

#[tokio::test]
async fn all_that_the_shared_words_can_say_is_understood() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    // Every field by name: one that is added there must be added here.
    let session = NewSession {
        worker_id: Some(serde_json::from_value(worker["id"].clone()).unwrap()),
        worker_name: None,
        repository: Some(Repository {
            url: "ssh://git@example.com/code.git".into(),
            branch: "main".into(),
        }),
        breadcrumbs: vec!["a".into()],
        timeout: Some(60),
        auto_delete_branch: true,
        approvals: Some(Approvals::default()),
    };
    let made = app
        .post("/sessions", serde_json::to_value(&session).unwrap())
        .await;
    let told: Session = serde_json::from_value(made.body.clone()).expect("a session");
    assert_eq!(
        (&told.repository, &told.breadcrumbs),
        (&session.repository, &session.breadcrumbs)
    );
    assert_eq!((told.timeout, told.auto_delete_branch), (60, true));
    app.trigger(told.id, Trigger::Ready).await;

    let prompt = Prompt {
        prompt: "hi".into(),
        subsession_id: Some(SubsessionId::new()),
        timeout: Some(7),
        breadcrumbs: vec!["b".into()],
        on_busy: OnBusy::Reject,
    };
    let path = format!("/sessions/{}/stream", told.id);
    app.post_unread(&path, serde_json::to_value(&prompt).unwrap())
        .await;
    let turn = app.open_turn(told.id).await;
    assert_eq!(
        (turn.prompt, Some(turn.subsession)),
        (prompt.prompt, prompt.subsession_id)
    );
    assert_eq!(
        (Some(turn.timeout_s), turn.breadcrumbs),
        (prompt.timeout, vec!["a".to_owned(), "b".to_owned()])
    );

    let abort = AbortRequest {
        subsession_id: prompt.subsession_id,
        request_id: None,
    };
    let path = format!("/sessions/{}/abort", told.id);
    assert_eq!(
        app.post(&path, serde_json::to_value(&abort).unwrap())
            .await
            .status,
        200
    );

    let runtime = NewRuntime {
        description: Some("many".into()),
        vw_image: Some("gpu-vw:1".into()),
        tags: vec!["big".into()],
        engines_dir: Some("/opt/engines".into()),
        ..NewRuntime::new("gpu", "gpu:1")
    };
    let made = app
        .post("/admin/runtimes", serde_json::to_value(&runtime).unwrap())
        .await;
    let told: Runtime = serde_json::from_value(made.body).expect("a runtime");
    assert_eq!(told.definition, runtime);
}

#[tokio::test]
async fn every_answer_tells_its_request_id_and_takes_the_clients_own_if_it_is_plain() {
    let app = TestApp::start().await;
    let id = async |theirs: &str| {
        let headers = [("x-request-id", theirs)];
        let reply = app.send(Method::GET, "/health", &headers, None).await;
        reply.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id("build-7").await, "build-7");
    assert_eq!(id("two words").await.len(), 36);
}

#[tokio::test]
async fn health_is_told_without_a_key() {
    let app = TestApp::start().await;
    assert_snapshot!(app.get("/").await, @r#"
    200 {
      "name": "vwm",
      "version": "0.1.0"
    }
    "#);
    assert_snapshot!(app.get("/health").await, @r#"
    200 {
      "status": "ok"
    }
    "#);
    assert_snapshot!(app.get("/ready").await, @r#"
    200 {
      "status": "ready"
    }
    "#);
    let mut status = app.get("/status").await;
    assert!(status.body["uptime"].is_u64(), "{status}");
    status.body["uptime"] = json!(0);
    assert_snapshot!(status, @r#"
    200 {
      "service": "vwm",
      "version": "0.1.0",
      "uptime": 0,
      "environment": "local",
      "role": "admin",
      "database": "sqlite",
      "refusesSessions": null,
      "sessions": {
        "pending": 0,
        "active": 0,
        "suspended": 0,
        "ending": 0,
        "failed": 0
      },
      "turns": {
        "running": 0,
        "waiting": 0
      },
      "limits": {
        "sessions": null,
        "sessionsPerWorker": null,
        "turns": null,
        "turnsPerWorker": null
      },
      "waiting": []
    }
    "#);
}

#[tokio::test]
async fn a_server_whose_store_is_gone_is_alive_and_not_ready_and_tells_no_cause() {
    let app = TestApp::start().await;
    app.app.store.close().await.expect("it closes");
    assert_eq!(app.get("/health").await.status, 200);
    let reply = app.get("/ready").await;
    assert_eq!(reply.headers["retry-after"], "1");
    assert_snapshot!(reply, @r#"
    503 {
      "error": "Service unavailable: the database does not answer; is the disk full or read-only?"
    }
    "#);
}
