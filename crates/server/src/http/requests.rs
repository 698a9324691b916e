//! What happens to every HTTP request: it gets an id, its failure is logged once, and its answer tells the id.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use tracing::{debug, error, warn};
use uuid::Uuid;

use crate::error::Failure;

/// Attends a request from its first header to the first byte of its answer.
pub(super) async fn attend(request: Request, next: Next) -> Response {
    let id = id_of(request.headers());
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let cause = vwm_api::chain(&*failure.0);
        if failure.may_pass() {
            warn!(request.id = %id, %method, path, cause, "Request {id} is not done: {cause}");
        } else {
            error!(request.id = %id, %method, path, cause, "Request {id} failed: {cause}");
        }
        response = failure.answer(&id);
    }
    let status = response.status().as_u16();
    let duration_ms = started.elapsed().as_millis();
    debug!(request.id = %id, %method, path, status, duration_ms, "{method} {path} was answered {status}");
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's own id where it is a plain word, so that its log and ours can be laid side by side.
fn id_of(headers: &HeaderMap) -> String {
    let theirs = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let is_plain = |id: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        (1..=128).contains(&id.len()) && id.chars().all(plain)
    };
    theirs
        .filter(is_plain)
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}
