//! Who asks, and whether they may.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http::header::{self, HeaderMap};
use http::request::Parts;
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
    /// Runtimes, settings.
    Admin,
}

/// Lets a request pass whose key is known and may do it.
pub(super) async fn check(
    State((app, area)): State<(Arc<App>, Area)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let secret = presented(request.headers()).ok_or(Error::Unauthorized)?;
    let hash = app.keys.hash_of(secret);
    let key = app.store.key_by_hash(&hash).await?;
    let key = key.ok_or(Error::Unauthorized)?;
    if !may(key.role, request.method(), area) {
        return Err(Error::Forbidden(format!(
            "this key has the role {}; use one that may do this",
            key.role.as_str()
        )));
    }
    request.extensions_mut().insert(Caller(key));
    Ok(next.run(request).await)
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| headers.get("x-api-key")?.to_str().ok())
}

/// Another scheme is not ours: a proxy's, perhaps.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The whole table of roles.
fn may(role: Role, method: &Method, area: Area) -> bool {
    let reads = method == Method::GET || method == Method::HEAD;
    match role {
        Role::Admin => true,
        Role::Session => match area {
            Area::Sessions => true,
            Area::Status | Area::Workers => reads,
            Area::Admin => false,
        },
        Role::Read => reads,
    }
}
