//! Who may do what.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use insta::assert_snapshot;
use serde_json::json;
use vwm_api::{Role, SessionId};

use crate::kit::TestApp;
use crate::openapi::Document;

/// The parts of the surface that differ in who may use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    Open,
    Status,
    Sessions,
    Workers,
    Admin,
    Keys,
}

/// Whom each path is for. A path of the document that is not here fails the test.
const AREAS: [(Area, &[&str]); 6] = [
    (Area::Open, &["/", "/health", "/ready", "/openapi.json"]),
    (Area::Status, &["/status", "/metrics"]),
    (
        Area::Sessions,
        &[
            "/sessions",
            "/sessions/{session}",
            "/sessions/{session}/abort",
            "/sessions/{session}/events",
            "/sessions/{session}/file-changes",
            "/sessions/{session}/files",
            "/sessions/{session}/files/download/{path}",
            "/sessions/{session}/files/upload",
            "/sessions/{session}/files/{path}",
            "/sessions/{session}/prompt",
            "/sessions/{session}/push",
            "/sessions/{session}/requests",
            "/sessions/{session}/requests/{request}",
            "/sessions/{session}/requests/{request}/events",
            "/sessions/{session}/requests/{request}/retry",
            "/sessions/{session}/resume",
            "/sessions/{session}/stats",
            "/sessions/{session}/stream",
            "/sessions/{session}/suspend",
            "/sessions/{session}/telemetry",
            "/sessions/{session}/transcript",
        ],
    ),
    (
        Area::Workers,
        &[
            "/admin/workers",
            "/admin/workers/by-name/{name}",
            "/admin/workers/{worker}",
            "/admin/workers/{worker}/revisions",
            "/admin/workers/{worker}/sessions",
        ],
    ),
    (
        Area::Admin,
        &[
            "/admin/engines",
            "/admin/runtimes",
            "/admin/runtimes/by-name/{name}",
            "/admin/runtimes/{runtime}",
            "/admin/settings",
            "/admin/settings/{setting}",
        ],
    ),
    (
        Area::Keys,
        &[
            "/admin/keys",
            "/admin/keys/{key}",
            "/admin/keys/{key}/rotate",
        ],
    ),
];

/// What a request is told, as far as the key is concerned.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Unknown,
    Forbidden,
    Welcome,
}

impl Told {
    fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unknown,
            403 => Self::Forbidden,
            // Whatever there is to say of an empty body, or of the id of nothing.
            200 | 204 | 400 | 404 | 409 => Self::Welcome,
            other => panic!("{other} is no answer to a key"),
        }
    }

    /// The table of roles; without a role there is no key, or none that is known.
    fn expected(role: Option<Role>, method: &Method, area: Area) -> Self {
        let reads = method == Method::GET || method == Method::HEAD;
        let may = match (role, area) {
            (_, Area::Open) => return Self::Welcome,
            (None, _) => return Self::Unknown,
            (Some(Role::Admin), _) | (Some(Role::Session), Area::Sessions) => true,
            (Some(_), Area::Keys) | (Some(Role::Session), Area::Admin) => false,
            (Some(Role::Session), Area::Status | Area::Workers) => reads,
            (Some(Role::Read), _) => reads,
        };
        if may { Self::Welcome } else { Self::Forbidden }
    }
}

#[tokio::test]
async fn every_route_is_for_whom_the_table_says() {
    let app = TestApp::start().await;
    let revoked = json!({"name": "revoked", "role": "admin"});
    let revoked = app.post("/admin/keys", revoked).await;
    let path = format!("/admin/keys/{}", revoked.text("id"));
    assert_eq!(app.delete(&path).await.status, 204);
    let keys = [
        ("no key", None, None),
        ("an unknown key", Some("vwm_unknown".to_owned()), None),
        (
            "a revoked key",
            Some(revoked.text("secret").to_owned()),
            None,
        ),
        ("read", Some(app.key_of(Role::Read).await), Some(Role::Read)),
        (
            "session",
            Some(app.key_of(Role::Session).await),
            Some(Role::Session),
        ),
        ("admin", Some(app.key.clone()), Some(Role::Admin)),
    ];
    let document = Document::of(&app).await;
    let mut routes: Vec<(Method, &str)> = Vec::new();
    for (path, method, _) in document.operations() {
        let method: Method = method.to_uppercase().parse().expect("a method");
        if method == Method::GET {
            routes.push((Method::HEAD, path));
        }
        routes.push((method, path));
    }
    assert!(routes.len() > 40, "the document has too few routes");
    let id = SessionId::new().to_string();
    for (method, path) in routes {
        let area = AREAS.iter().find(|(_, paths)| paths.contains(&path));
        let area = area
            .unwrap_or_else(|| panic!("{path} is in no area: say whom it is for"))
            .0;
        let parts = path.split('/').map(|part| match part {
            "{name}" | "{setting}" | "{path}" => "x",
            part if part.starts_with('{') => &id,
            part => part,
        });
        let real = parts.collect::<Vec<_>>().join("/");
        for (who, key, role) in &keys {
            let mut request = Request::builder().method(&method).uri(&real);
            if let Some(key) = key {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            let reply = app.raw(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                Told::of(reply.status),
                Told::expected(*role, &method, area),
                "{method} {path} with {who}: {reply}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused_however_it_comes() {
    let app = TestApp::start().await;
    let status = async |uri: &str, headers: &[(&str, &[u8])]| {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = app.raw(request.body(Body::empty()).unwrap()).await;
        reply.status.as_u16()
    };
    let bearer = format!("Bearer {}", app.key).into_bytes();
    let key = app.key.as_bytes();
    let long = [b"Bearer ", "x".repeat(10_000).as_bytes()].concat();
    let two_words = format!("Bearer {} x", app.key).into_bytes();
    let refused: [&[(&str, &[u8])]; 17] = [
        &[("authorization", &bearer), ("authorization", &bearer)],
        &[("authorization", b"Basic x"), ("authorization", &bearer)],
        &[("authorization", &bearer), ("authorization", b"Basic x")],
        &[("x-api-key", key), ("x-api-key", key)],
        &[("authorization", b"Bearer")],
        &[("authorization", b"Bearer ")],
        &[("authorization", b"")],
        &[("authorization", &two_words)],
        &[("authorization", &long)],
        &[("authorization", "Bearer sch\u{fc}ssel".as_bytes())],
        &[("authorization", b"Bearer \xff\xfe")],
        &[("x-api-key", b"\xff")],
        &[("cookie", &[b"key=", key].concat())],
        // A bearer that is wrong is not helped by what is right beside it.
        &[("authorization", b"Bearer vwm_x"), ("x-api-key", key)],
        &[("authorization", b"Bearer"), ("x-api-key", key)],
        &[("authorization", b""), ("x-api-key", key)],
        &[("authorization", b"Bearer \xff"), ("x-api-key", key)],
    ];
    for headers in refused {
        assert_eq!(status("/status", headers).await, 401, "{headers:?}");
    }
    for name in ["key", "api_key", "apiKey", "access_token", "x-api-key"] {
        let uri = format!("/status?{name}={}", app.key);
        assert_eq!(status(&uri, &[]).await, 401, "{uri}");
    }
    assert_eq!(status("/status", &[("authorization", &bearer)]).await, 200);
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
