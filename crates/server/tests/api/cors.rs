//! Browsers: pages of allowed origins may ask, others may not.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};

use crate::kit::TestApp;

const OURS: &str = "https://console.example.com";

/// What a browser asks before it sends what a page wants.
async fn asked_before(app: &TestApp, origin: &str) -> (StatusCode, HeaderMap) {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/sessions")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,idempotency-key",
        )
        .body(Body::empty());
    let answer = app.open(request.expect("a request")).await;
    (answer.status(), answer.headers().clone())
}

#[tokio::test]
async fn pages_of_allowed_origins_may_ask_and_others_may_not() {
    let app = TestApp::start_with(|config| {
        config.allow_origins = vec![OURS.parse().expect("an origin")];
    })
    .await;
    let (status, told) = asked_before(&app, OURS).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(told["access-control-allow-origin"], OURS);
    let headers = told["access-control-allow-headers"].to_str().expect("text");
    assert!(headers.contains("idempotency-key"), "{headers}");
    let (_, other) = asked_before(&app, "https://evil.example.com").await;
    assert!(!other.contains_key("access-control-allow-origin"));

    let answer = app
        .send(Method::GET, "/sessions", &[("origin", OURS)], None)
        .await;
    assert_eq!(answer.headers["access-control-allow-origin"], OURS);
    let exposed = answer.headers["access-control-expose-headers"]
        .to_str()
        .expect("text");
    assert!(exposed.contains("x-request-id"), "{exposed}");
}

#[tokio::test]
async fn without_an_allowed_origin_no_page_may() {
    let app = TestApp::start().await;
    let (status, told) = asked_before(&app, OURS).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(!told.contains_key("access-control-allow-origin"));
}
