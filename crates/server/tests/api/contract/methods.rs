//! Methods and headers that are the same everywhere: HEAD, what is not allowed, request ids.

use axum::body::Body;
use http::{HeaderMap, Method, Request};
use insta::assert_snapshot;
use vwm_api::SessionStatus;

use super::address;
use crate::contract::ids::template;
use crate::kit::TestApp;

/// What a program reads beside the body.
fn shown(headers: &HeaderMap) -> String {
    let mut lines: Vec<_> = headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "content-length", "vary"].contains(&name.as_str()))
        .filter(|(name, _)| !name.as_str().starts_with("access-control-"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    lines.sort();
    lines.join(", ")
}

/// One address of each kind that can be read.
async fn readable(app: &TestApp) -> Vec<String> {
    let session = app.session(SessionStatus::Active).await;
    let worker = app.get("/admin/workers/by-name/bob").await.body;
    app.complete_a_prompt(session).await;
    app.put("/admin/settings/x", serde_json::json!({"value": 1}))
        .await;
    let turn = app.app.store.turns(session).await.expect("a read")[0].id;
    let of_session = ["", "/telemetry", "/stats", "/transcript", "/file-changes"]
        .map(|call| format!("/sessions/{session}{call}"));
    let worker_calls = ["", "/revisions", "/sessions"].map(|call| address(&worker) + call);
    let runtime = worker["runtimeId"].as_str().expect("an id");
    let mut all: Vec<String> = [
        "/",
        "/health",
        "/ready",
        "/status",
        "/metrics",
        "/openapi.json",
        "/sessions",
        "/admin/workers",
        "/admin/workers/by-name/bob",
        "/admin/runtimes",
        "/admin/runtimes/by-name/local",
        "/admin/settings",
        "/admin/settings/x",
        "/admin/engines",
        "/admin/keys",
    ]
    .map(str::to_owned)
    .into();
    all.extend(of_session);
    all.extend(worker_calls);
    all.push(format!("/admin/runtimes/{runtime}"));
    all.push(format!("/sessions/{session}/requests/{turn}"));
    all.push(format!("/sessions/{session}/requests/{turn}/events"));
    all
}

#[tokio::test]
async fn a_head_tells_what_a_get_tells_and_has_no_body() {
    let app = TestApp::start().await;
    let mut table = String::new();
    for path in readable(&app).await {
        let get = app.get(&path).await;
        let head = app.send(Method::HEAD, &path, &[], None).await;
        assert_eq!(get.status, 200, "{path}: {get}");
        assert_eq!(
            (head.status, shown(&head.headers)),
            (get.status, shown(&get.headers)),
            "{path}"
        );
        assert_eq!(head.body, "", "{path}");
        table += &format!("{}: {}\n", template(&path), shown(&get.headers));
    }
    assert_snapshot!(table, @r#"
    /: content-type: application/json
    /health: content-type: application/json
    /ready: content-type: application/json
    /status: content-type: application/json
    /metrics: content-type: text/plain; version=0.0.4; charset=utf-8
    /openapi.json: content-type: application/json
    /sessions: content-type: application/json
    /admin/workers: content-type: application/json
    /admin/workers/by-name/bob: content-type: application/json, etag: "1"
    /admin/runtimes: content-type: application/json
    /admin/runtimes/by-name/local: content-type: application/json
    /admin/settings: content-type: application/json
    /admin/settings/x: content-type: application/json
    /admin/engines: content-type: application/json
    /admin/keys: content-type: application/json
    /sessions/:id: content-type: application/json
    /sessions/:id/telemetry: content-type: application/json
    /sessions/:id/stats: content-type: application/json
    /sessions/:id/transcript: cache-control: no-store, content-type: application/x-ndjson
    /sessions/:id/file-changes: content-type: application/json
    /admin/workers/:id: content-type: application/json, etag: "1"
    /admin/workers/:id/revisions: content-type: application/json
    /admin/workers/:id/sessions: content-type: application/json
    /admin/runtimes/:id: content-type: application/json
    /sessions/:id/requests/:id: content-type: application/json
    /sessions/:id/requests/:id/events: cache-control: no-store, content-type: text/event-stream, x-accel-buffering: no
    "#);
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_405_and_names_those_that_it_has() {
    let app = TestApp::start().await;
    let mut table = String::new();
    for path in readable(&app).await {
        let reply = app.send(Method::PATCH, &path, &[], None).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text("error")),
            (405, "Method not allowed: this path has other methods"),
            "{path}"
        );
        let allowed = reply.headers["allow"].to_str().expect("text");
        table += &format!("{}: {allowed}\n", template(&path));
    }
    assert_snapshot!(table, @r#"
    /: GET,HEAD
    /health: GET,HEAD
    /ready: GET,HEAD
    /status: GET,HEAD
    /metrics: GET,HEAD
    /openapi.json: GET,HEAD
    /sessions: GET,HEAD,POST
    /admin/workers: GET,HEAD,POST
    /admin/workers/by-name/bob: GET,HEAD
    /admin/runtimes: GET,HEAD,POST
    /admin/runtimes/by-name/local: GET,HEAD
    /admin/settings: GET,HEAD
    /admin/settings/x: GET,HEAD,PUT
    /admin/engines: GET,HEAD
    /admin/keys: GET,HEAD,POST
    /sessions/:id: GET,HEAD,DELETE
    /sessions/:id/telemetry: GET,HEAD
    /sessions/:id/stats: GET,HEAD
    /sessions/:id/transcript: GET,HEAD
    /sessions/:id/file-changes: GET,HEAD
    /admin/workers/:id: GET,HEAD,PUT,DELETE
    /admin/workers/:id/revisions: GET,HEAD
    /admin/workers/:id/sessions: GET,HEAD
    /admin/runtimes/:id: GET,HEAD,PUT,DELETE
    /sessions/:id/requests/:id: GET,HEAD
    /sessions/:id/requests/:id/events: GET,HEAD
    "#);
}

#[tokio::test]
async fn a_request_id_is_on_every_answer_whatever_it_is() {
    let app = TestApp::start().await;
    let long = "x".repeat(129);
    let most = "x".repeat(128);
    for (theirs, is_kept) in [
        ("a-b_c.d:9", true),
        (most.as_str(), true),
        (long.as_str(), false),
        ("", false),
        ("a b", false),
        ("a\"b", false),
        ("\u{fc}", false),
    ] {
        for (method, path) in [
            (Method::GET, "/health"),
            (Method::GET, "/nowhere"),
            (Method::PUT, "/sessions"),
            (Method::POST, "/sessions"),
            (Method::GET, "/sessions/x"),
        ] {
            let request = Request::builder().method(&method).uri(path);
            let request = request.header("x-request-id", theirs.as_bytes());
            let reply = app
                .raw(request.body(Body::empty()).expect("a request"))
                .await;
            let told = reply.headers["x-request-id"].to_str().expect("text");
            assert_eq!(told == theirs, is_kept, "{theirs:?} {method} {path}");
            assert_eq!(told.len() == 36, !is_kept, "{theirs:?} {told:?}");
        }
    }
}
