//! Who may do what.

use std::fmt::Write as _;

use axum::body::Body;
use http::{Method, Request};
use insta::assert_snapshot;
use vwm_api::{Role, SessionId};

use crate::kit::TestApp;

/// Every route of the surface.
const ROUTES: [(Method, &str); 31] = [
    (Method::GET, "/"),
    (Method::GET, "/health"),
    (Method::GET, "/ready"),
    (Method::GET, "/status"),
    (Method::GET, "/sessions"),
    (Method::POST, "/sessions"),
    (Method::GET, "/sessions/ID"),
    (Method::DELETE, "/sessions/ID"),
    (Method::POST, "/sessions/ID/prompt"),
    (Method::POST, "/sessions/ID/stream"),
    (Method::GET, "/sessions/ID/requests/ID"),
    (Method::POST, "/sessions/ID/abort"),
    (Method::POST, "/sessions/ID/push"),
    (Method::GET, "/sessions/ID/events"),
    (Method::GET, "/sessions/ID/telemetry"),
    (Method::GET, "/sessions/ID/stats"),
    (Method::GET, "/admin/workers"),
    (Method::POST, "/admin/workers"),
    (Method::GET, "/admin/workers/ID"),
    (Method::GET, "/admin/workers/by-name/x"),
    (Method::PUT, "/admin/workers/ID"),
    (Method::DELETE, "/admin/workers/ID"),
    (Method::GET, "/admin/workers/ID/revisions"),
    (Method::GET, "/admin/runtimes"),
    (Method::POST, "/admin/runtimes"),
    (Method::GET, "/admin/runtimes/ID"),
    (Method::GET, "/admin/runtimes/by-name/x"),
    (Method::PUT, "/admin/runtimes/ID"),
    (Method::DELETE, "/admin/runtimes/ID"),
    (Method::GET, "/admin/settings"),
    (Method::PUT, "/admin/settings/x"),
];

#[tokio::test]
async fn every_route_is_for_whom_the_table_says() {
    let app = TestApp::start().await;
    let keys = [
        None,
        Some("vwm_unknown".to_owned()),
        Some(app.key_of(Role::Read).await),
        Some(app.key_of(Role::Session).await),
        Some(app.key.clone()),
    ];
    let id = SessionId::new().to_string();
    let mut table = "none unknown read session admin\n".to_owned();
    for (method, path) in ROUTES {
        for key in &keys {
            let mut request = Request::builder()
                .method(method.clone())
                .uri(path.replace("ID", &id));
            if let Some(key) = key {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            let reply = app.raw(request.body(Body::empty()).unwrap()).await;
            write!(table, "{} ", reply.status.as_u16()).unwrap();
        }
        writeln!(table, "{method} {path}").unwrap();
    }
    assert_snapshot!(table, @r#"
    none unknown read session admin
    200 200 200 200 200 GET /
    200 200 200 200 200 GET /health
    200 200 200 200 200 GET /ready
    401 401 200 200 200 GET /status
    401 401 200 200 200 GET /sessions
    401 401 403 400 400 POST /sessions
    401 401 404 404 404 GET /sessions/ID
    401 401 403 404 404 DELETE /sessions/ID
    401 401 403 404 404 POST /sessions/ID/prompt
    401 401 403 404 404 POST /sessions/ID/stream
    401 401 404 404 404 GET /sessions/ID/requests/ID
    401 401 403 404 404 POST /sessions/ID/abort
    401 401 403 404 404 POST /sessions/ID/push
    401 401 404 404 404 GET /sessions/ID/events
    401 401 404 404 404 GET /sessions/ID/telemetry
    401 401 404 404 404 GET /sessions/ID/stats
    401 401 200 200 200 GET /admin/workers
    401 401 403 403 400 POST /admin/workers
    401 401 404 404 404 GET /admin/workers/ID
    401 401 404 404 404 GET /admin/workers/by-name/x
    401 401 403 403 400 PUT /admin/workers/ID
    401 401 403 403 404 DELETE /admin/workers/ID
    401 401 404 404 404 GET /admin/workers/ID/revisions
    401 401 200 403 200 GET /admin/runtimes
    401 401 403 403 400 POST /admin/runtimes
    401 401 404 403 404 GET /admin/runtimes/ID
    401 401 404 403 404 GET /admin/runtimes/by-name/x
    401 401 403 403 400 PUT /admin/runtimes/ID
    401 401 403 403 404 DELETE /admin/runtimes/ID
    401 401 200 403 200 GET /admin/settings
    401 401 403 403 400 PUT /admin/settings/x
    "#);
}

#[tokio::test]
async fn a_key_comes_as_a_bearer_or_in_the_header_of_firefoundrys_clients() {
    let app = TestApp::start().await;
    let status = async |name: &str, value: &str| {
        let request = Request::builder().uri("/status").header(name, value);
        let reply = app.raw(request.body(Body::empty()).unwrap()).await;
        reply.status.as_u16()
    };
    assert_eq!(
        status("authorization", &format!("bearer {}", app.key)).await,
        200
    );
    assert_eq!(status("x-api-key", &app.key).await, 200);
    assert_eq!(
        status("authorization", &format!("Basic {}", app.key)).await,
        401
    );
    assert_eq!(status("authorization", &app.key).await, 401);
    let beside_a_proxys = Request::builder()
        .uri("/status")
        .header("authorization", "Basic Ym9iOmJvYg==")
        .header("x-api-key", &app.key);
    let reply = app.raw(beside_a_proxys.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, 200, "{reply}");
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let app = TestApp::start().await;
    let read = app.key_of(Role::Read).await;
    let unknown = Request::builder().uri("/sessions").body(Body::empty());
    let unknown = app.raw(unknown.unwrap()).await;
    assert_eq!(unknown.headers["www-authenticate"], "Bearer");
    assert_snapshot!(unknown, @r#"
    401 {
      "error": "Unauthorized: send a known key as Authorization: Bearer <key>"
    }
    "#);
    let forbidden = Request::builder().method("POST").uri("/sessions");
    let forbidden = forbidden.header("x-api-key", read).body(Body::empty());
    assert_snapshot!(app.raw(forbidden.unwrap()).await, @r#"
    403 {
      "error": "Forbidden: this key has the role read; use one that may do this"
    }
    "#);
}

#[tokio::test]
async fn the_admin_key_is_made_once_and_only_its_hash_is_stored() {
    let app = TestApp::start().await;
    assert!(
        app.key.starts_with("vwm_") && app.key.len() == 47,
        "{}",
        app.key
    );
    let folder = app.folder().to_owned();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name() != Some("admin.key".as_ref()) {
            let content = std::fs::read(&path).unwrap();
            let secret = app.key.as_bytes();
            let tells = content.windows(secret.len()).any(|window| window == secret);
            assert!(!tells, "{} tells the key", path.display());
        }
    }
}
