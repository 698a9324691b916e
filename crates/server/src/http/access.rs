//! Who asks, and whether they may: when a request comes, and as long as its answer streams.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use tokio::sync::watch;
use vwm_api::{Key, Role};

use crate::app::App;
use crate::error::Error;

/// The key that a request came with.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) Key);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<Self>().cloned();
        Ok(caller.expect("a handler that asks for the caller is behind `check`"))
    }
}

/// The parts of the surface that differ in who may use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    /// How the server is.
    Status,
    /// Sessions and all that is theirs.
    Sessions,
    /// Workers.
    Workers,
    /// Runtimes, settings, engines.
    Admin,
    /// Keys.
    Keys,
}

/// Lets a request pass whose key is known and may do it. A stream ends when its key opens nothing any more.
pub(super) async fn check(
    State((app, area)): State<(Arc<App>, Area)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let secret = presented(request.headers()).ok_or(Error::Unauthorized)?;
    let hash = app.keys.hash_of(secret);
    // Listening comes before looking: a change between the two is heard.
    let changes = app.key_changes.subscribe();
    let key = app.store.key_by_hash(&hash).await?;
    let key = key.ok_or(Error::Unauthorized)?;
    if !may(key.role, request.method(), area) {
        return Err(Error::Forbidden(format!(
            "this key has the role {}; use one that may do this",
            key.role.as_str()
        )));
    }
    request.extensions_mut().insert(Caller(key));
    let response = next.run(request).await;
    if !is_endless(&response) {
        return Ok(response);
    }
    Ok(response.map(|body| {
        let is_gone = is_gone(app, hash, changes);
        Body::from_stream(body.into_data_stream().take_until(is_gone))
    }))
}

fn is_endless(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == "text/event-stream")
}

/// Returns when a key was revoked, or got another secret.
async fn is_gone(app: Arc<App>, hash: [u8; 32], mut changes: watch::Receiver<()>) {
    while changes.changed().await.is_ok() {
        match app.store.key_by_hash(&hash).await {
            Ok(Some(_)) => {}
            // Where nobody can say whether it is gone, the client shall come back and ask.
            Ok(None) | Err(_) => return,
        }
    }
}

/// Of two keys in one place none is taken: each reader on the way may have seen another one.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let [theirs, ours] = [header::AUTHORIZATION, X_API_KEY].map(|name| {
        let mut values = headers.get_all(name).iter();
        (values.next(), values.next())
    });
    if theirs.1.is_some() || ours.1.is_some() {
        return None;
    }
    let bearer = theirs.0.and_then(bearer);
    bearer.or_else(|| ours.0?.to_str().ok())
}

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Another scheme is not ours: a proxy's, perhaps. Nothing at all, a bearer without a key, or with one that is no text, is a wrong key.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let value = value.as_bytes();
    let end = value.iter().position(|byte| *byte == b' ');
    let (scheme, key) = value.split_at(end.unwrap_or(value.len()));
    let key = || str::from_utf8(key).unwrap_or_default().trim();
    (value.is_empty() || scheme.eq_ignore_ascii_case(b"bearer")).then(key)
}

/// The whole table of roles.
fn may(role: Role, method: &Method, area: Area) -> bool {
    let reads = method == Method::GET || method == Method::HEAD;
    match role {
        Role::Admin => true,
        Role::Session => match area {
            Area::Sessions => true,
            Area::Status | Area::Workers => reads,
            Area::Admin | Area::Keys => false,
        },
        Role::Read => match area {
            Area::Status | Area::Sessions | Area::Workers | Area::Admin => reads,
            Area::Keys => false,
        },
    }
}
