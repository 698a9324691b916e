//! The words of access: 401 and 403 have the same shape on every call, and come before anything else is said.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use vwm_api::{Role, SessionId};

use crate::kit::{Reply, TestApp};
use crate::openapi::Document;

async fn ask(app: &TestApp, method: &Method, path: &str, key: Option<&str>) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    // No such body is ever looked at.
    let body = Body::from("{\"x\": ");
    app.raw(request.body(body).expect("a request")).await
}

#[tokio::test]
async fn every_call_refuses_in_the_same_words_who_may_not_ask_before_it_looks_at_what_is_asked() {
    let app = TestApp::start().await;
    let reader = app.key_of(Role::Read).await;
    let document = Document::of(&app).await;
    let id = SessionId::new().to_string();
    let open = ["/", "/health", "/ready", "/openapi.json"];
    for (path, method, _) in document.operations() {
        if open.contains(&path) {
            continue;
        }
        let parts = path.split('/').map(|part| {
            if part.starts_with('{') {
                id.as_str()
            } else {
                part
            }
        });
        let path = parts.collect::<Vec<_>>().join("/");
        let method: Method = method.to_uppercase().parse().expect("a method");
        for key in [None, Some("vwm_nobody's")] {
            let reply = ask(&app, &method, &path, key).await;
            assert_eq!(reply.status, 401, "{method} {path}");
            assert_eq!(reply.headers["www-authenticate"], "Bearer");
            let words = "Unauthorized: send a known key as Authorization: Bearer <key>";
            assert_eq!(reply.body, json!({"error": words}), "{method} {path}");
        }
        if method != Method::GET || path.starts_with("/admin/keys") {
            let reply = ask(&app, &method, &path, Some(&reader)).await;
            assert_eq!(reply.status, 403, "{method} {path}");
            let words = "Forbidden: this key has the role read; use one that may do this";
            assert_eq!(reply.body, json!({"error": words}), "{method} {path}");
        }
    }
}
