//! Sessions: create, list, show, end, push what its end could not.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use vwm_api::{PushResult, Session, SessionId, SessionPage};

use super::access::Caller;
use super::extract::{Body, Id, IdempotencyKey, Query};
use crate::app::App;
use crate::error::Error;
use crate::service::{idempotency, pushes, sessions};

/// `POST /sessions`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body,
) -> Result<(StatusCode, Json<Session>), Error> {
    let idempotency = key.map(|key| idempotency::of_session(&caller, key, &body));
    let session = sessions::create(&app, body, idempotency).await?;
    Ok((StatusCode::CREATED, Json(session)))
}

/// `GET /sessions`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query,
) -> Result<Json<SessionPage>, Error> {
    Ok(Json(sessions::list(&app, query).await?))
}

/// `GET /sessions/{session}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Json<Session>, Error> {
    Ok(Json(sessions::show(&app, session).await?))
}

/// `DELETE /sessions/{session}`
pub(super) async fn end(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
    Query(mut query): Query,
) -> Result<StatusCode, Error> {
    let wait = query.boolean("wait").unwrap_or(false);
    query.close()?;
    sessions::end(&app, session).await?;
    if wait {
        sessions::wait_for_end(&app, session).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /sessions/{session}/push`
pub(super) async fn push(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Json<PushResult>, Error> {
    Ok(Json(pushes::push(&app, session).await?))
}
