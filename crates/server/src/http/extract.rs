//! What handlers take from a request: ids of the path, the body, the query, headers. Each refuses in our own words.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, RawPathParams, Request};
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap};
use http::request::Parts;
use serde_json::{Map, Value};
use vwm_api::{KeyId, RuntimeId, SessionId, TurnId, WorkerId};

use super::json;
use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;
use crate::service::sessions;

/// The largest JSON body, in bytes.
pub(super) const BODY_MAX: usize = 2 * 1024 * 1024;

/// How long one may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// An id in the path; one that is not well formed is the id of nothing.
pub(super) struct Id<T>(pub(super) T);

/// What can be an id in a path.
pub(super) trait PathId: FromStr {
    /// What the path's pattern calls it.
    const PARAM: &'static str;
    /// What is not found where it is none.
    const RESOURCE: Resource;
}

impl PathId for SessionId {
    const PARAM: &'static str = "session";
    const RESOURCE: Resource = Resource::Session;
}

impl PathId for TurnId {
    const PARAM: &'static str = "request";
    const RESOURCE: Resource = Resource::Request;
}

impl PathId for WorkerId {
    const PARAM: &'static str = "worker";
    const RESOURCE: Resource = Resource::Worker;
}

impl PathId for RuntimeId {
    const PARAM: &'static str = "runtime";
    const RESOURCE: Resource = Resource::Runtime;
}

impl PathId for KeyId {
    const PARAM: &'static str = "key";
    const RESOURCE: Resource = Resource::Key;
}

impl<T: PathId, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let not_found = || Error::NotFound(T::RESOURCE);
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| not_found())?;
        let text = params.iter().find(|(name, _)| *name == T::PARAM);
        let (_, text) = text.ok_or_else(not_found)?;
        text.parse().map(Self).map_err(|_| not_found())
    }
}

/// The session in the path, looked up: what is wrong with the rest of a request is told only of one that there is.
pub(super) struct KnownSession(pub(super) SessionId);

impl FromRequestParts<Arc<App>> for KnownSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let Id(id) = Id::<SessionId>::from_request_parts(parts, app).await?;
        sessions::show(app, id).await?;
        Ok(Self(id))
    }
}

/// The one name in a path; what is not UTF-8 names nothing.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(name) = path.map_err(|_| Error::NotFound(Resource::Route))?;
        Ok(Self(name))
    }
}

/// A JSON body.
pub(super) struct Body(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let bytes = bytes_of(request, state).await?;
        if bytes.is_empty() {
            return Err(invalid_json("the body is empty; send a JSON object".into()));
        }
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out, which is as good as `{}`.
pub(super) struct OptionalBody(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for OptionalBody {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let bytes = bytes_of(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(Value::Object(Map::new())));
        }
        parse(&bytes).map(Self)
    }
}

/// The parameters of the query.
pub(super) struct Query(pub(super) Input);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, state);
        match pairs.await {
            Ok(axum::extract::Query(pairs)) => Ok(Self(Input::of_query(pairs))),
            Err(_) => Err(Error::fault(
                "",
                "invalid_string",
                "the query is not understood; write it as name=value&name=value, percent-encoded",
            )),
        }
    }
}

/// The header `Idempotency-Key`.
pub(super) struct IdempotencyKey(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        const NAME: &str = "Idempotency-Key";
        let Some(value) = parts.headers.get(NAME) else {
            return Ok(Self(None));
        };
        let fault = |code, message| Error::fault(NAME, code, message);
        let Ok(key) = value.to_str() else {
            return Err(fault("invalid_string", "use visible ASCII characters only"));
        };
        match key.len() {
            0 => Err(fault(
                "too_short",
                "the key is empty; leave it out, or give it a value",
            )),
            1..=255 => Ok(Self(Some(key.to_owned()))),
            _ => Err(fault(
                "too_long",
                "a key has at most 255 characters; shorten it",
            )),
        }
    }
}

/// The header `Last-Event-ID`: the seq after which to go on.
pub(super) struct LastEventId(pub(super) Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        const NAME: &str = "Last-Event-ID";
        let Some(value) = parts.headers.get(NAME) else {
            return Ok(Self(None));
        };
        let seq = value
            .to_str()
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let message = "give the id of the last event that you have";
        seq.map(|seq| Self(Some(seq)))
            .ok_or_else(|| Error::fault(NAME, "invalid_type", message))
    }
}

/// The header `If-Match`, as it came.
pub(super) struct IfMatch(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let value = parts.headers.get(header::IF_MATCH);
        // What is not text matches nothing.
        Ok(Self(value.map(|value| {
            value.to_str().unwrap_or_default().to_owned()
        })))
    }
}

async fn bytes_of<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    if !may_be_json(request.headers()) {
        return Err(Error::MediaType);
    }
    let body = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state));
    body.await
        .map_err(|_| Error::Timeout)?
        .map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Error::TooLarge("a JSON body has at most 2 MiB; send less".to_owned())
            } else {
                invalid_json("the body broke off; send it again".into())
            }
        })
}

/// A body of no kind is taken for JSON.
fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json")
}

fn parse(bytes: &[u8]) -> Result<Value, Error> {
    json::parse(bytes).map_err(invalid_json)
}

fn invalid_json(message: String) -> Error {
    Error::fault("", "invalid_json", message)
}
