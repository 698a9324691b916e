//! What an answer says when it is not a success. The only place that knows status codes of failures.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use vwm_api::{ErrorBody, Fault};
use vwm_store::StoreError;

/// Why a request has no success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input has faults: all of them.
    #[error("Validation Error")]
    Validation(Vec<Fault>),
    /// No key, or none that is known.
    #[error("Unauthorized: send a known key as Authorization: Bearer <key>")]
    Unauthorized,
    /// A known key that may not do this.
    #[error("Forbidden: {0}")]
    Forbidden(String),
    /// There is no such thing.
    #[error("{resource} not found{hint}", resource = .0, hint = .0.hint())]
    NotFound(Resource),
    /// The path is right and the method is not.
    #[error("Method not allowed: this path has other methods")]
    MethodNotAllowed,
    /// It does not go together with what is.
    #[error("{0}")]
    Conflict(String),
    /// Someone changed it meanwhile.
    #[error("Precondition failed: it stands at revision {current} by now; read it again")]
    Stale {
        /// The revision that it has.
        current: i64,
    },
    /// The body is too large.
    #[error("Payload too large: {0}")]
    TooLarge(String),
    /// The body comes too slowly.
    #[error("Request timeout: the body came too slowly; send it again")]
    Timeout,
    /// The body is of a kind that is not understood.
    #[error("Unsupported media type: send application/json")]
    MediaType,
    /// An idempotency key came with another body.
    #[error("Idempotency-Key was used with another request: take a new key for a new request")]
    Unprocessable,
    /// It is locked.
    #[error("{0}")]
    Locked(String),
    /// Too much waits already.
    #[error("Too many requests: {0}")]
    TooMany(String),
    /// The disk has no room for it.
    #[error("Insufficient storage: {0}")]
    NoRoom(String),
    /// Not now.
    #[error("Service unavailable: {0}")]
    Unavailable(String),
    /// Not as long as the database is away; the log has the cause.
    #[error(
        "Service unavailable: the database does not answer just now; ask again, with the same Idempotency-Key where there is one: \
         what was asked may have been done"
    )]
    DatabaseAway(#[source] Box<StoreError>),
    /// Our fault: the log has the cause, the answer has the request's id.
    #[error("Internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A path.
    Route,
    /// A session.
    Session,
    /// What was said in a session.
    Transcript,
    /// A turn.
    Request,
    /// A file of a workspace.
    File,
    /// A worker.
    Worker,
    /// A runtime.
    Runtime,
    /// A setting that was never set.
    Setting,
    /// An API key.
    Key,
}

impl Resource {
    /// What to do about it, where that is not plain.
    fn hint(self) -> &'static str {
        match self {
            Self::Setting => ": it was never set; set it with PUT",
            Self::Transcript => {
                ": the server keeps it for some time after the session's end, and that is over"
            }
            Self::Route
            | Self::Session
            | Self::Request
            | Self::File
            | Self::Worker
            | Self::Runtime
            | Self::Key => "",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Route => "Route",
            Self::Session => "Session",
            Self::Transcript => "Transcript",
            Self::Request => "Request",
            Self::File => "File",
            Self::Worker => "Worker",
            Self::Runtime => "Runtime",
            Self::Setting => "Setting",
            Self::Key => "Key",
        })
    }
}

/// Rides on an answer whose cause is the log's until the middleware that knows the request's id logs it.
#[derive(Debug, Clone)]
pub(crate) struct Failure(pub(crate) Arc<Error>);

impl Failure {
    /// Returns the answer: the request's id, and nothing of the cause.
    pub(crate) fn answer(&self, request_id: &str) -> Response {
        let body = ErrorBody {
            error: self.0.to_string(),
            details: Vec::new(),
            request_id: Some(request_id.to_owned()),
        };
        let header = self.0.header().map(|header| [header]);
        (self.0.status(), header, Json(body)).into_response()
    }

    /// Whether it may pass by itself, so that nobody has to look.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(*self.0, Error::DatabaseAway(_))
    }
}

impl Error {
    /// One fault of an input.
    pub fn fault(path: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Validation(vec![Fault::new(path, code, message)])
    }

    /// Our fault.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// Something that is said of one resource by the store.
    pub(crate) fn of_store(resource: Resource) -> impl Fn(StoreError) -> Self {
        move |error| match error {
            StoreError::NotFound => Self::NotFound(resource),
            error => Self::from(error),
        }
    }

    /// Returns the status code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Validation(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Stale { .. } => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Locked(_) => StatusCode::LOCKED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoRoom(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Unavailable(_) | Self::DatabaseAway(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The header that goes with some answers.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::TooMany(_) | Self::Unavailable(_) | Self::DatabaseAway(_) => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Self::Unauthorized => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            _ => None,
        }
    }

    pub(crate) fn into_body(self) -> ErrorBody {
        ErrorBody {
            error: self.to_string(),
            details: match self {
                Self::Validation(faults) => faults,
                _ => Vec::new(),
            },
            request_id: None,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate { .. } | StoreError::InUse { .. } => {
                Self::Conflict(error.to_string())
            }
            StoreError::Locked => Self::Locked(
                "Worker is locked: unlock it, change or delete it with ?force=true, which is recorded".to_owned(),
            ),
            StoreError::Stale { current } => Self::Stale { current },
            StoreError::UnknownReference { path, .. } => {
                Self::fault(path, "unknown_reference", error.to_string())
            }
            StoreError::IdempotencyMismatch => Self::Unprocessable,
            StoreError::BadCursor { .. } => {
                Self::fault("cursor", "invalid_string", error.to_string())
            }
            StoreError::SessionsFull { .. } => Self::TooMany(error.to_string()),
            StoreError::Closed => Self::Unavailable("the server stops; ask again".to_owned()),
            error if error.is_transient() => Self::DatabaseAway(Box::new(error)),
            // A method that can miss its thing goes through `of_store`, which knows the thing's name.
            StoreError::NotFound
            | StoreError::Gap { .. }
            | StoreError::Database(_)
            | StoreError::Open { .. }
            | StoreError::Postgres { .. }
            | StoreError::Migrate { .. }
            | StoreError::Io { .. }
            | StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if matches!(self, Self::Internal(_) | Self::DatabaseAway(_)) {
            let mut response = status.into_response();
            response.extensions_mut().insert(Failure(Arc::new(self)));
            return response;
        }
        let header = self.header();
        let mut response = (status, Json(self.into_body())).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
