//! Turns: prompt, stream, one request by its id, abort.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use vwm_api::{Answer, RequestView, SessionId, TurnId};

use super::access::Caller;
use super::extract::{Body, Id, IdempotencyKey, KnownSession, OptionalBody};
use super::sse;
use crate::app::App;
use crate::error::Error;
use crate::service::events::EventReader;
use crate::service::idempotency;
use crate::service::turns;

/// `POST /sessions/{session}/prompt`
pub(super) async fn prompt(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    KnownSession(session): KnownSession,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body,
) -> Result<Json<Answer>, Error> {
    let idempotency = key.map(|key| idempotency::of_turn(&caller, key, session, &body));
    let turn = turns::ask(&app, &caller, session, body, idempotency).await?;
    Ok(Json(turns::wait_for_answer(&app, turn).await?))
}

/// `POST /sessions/{session}/stream`
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    KnownSession(session): KnownSession,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body,
) -> Result<Response, Error> {
    let idempotency = key.map(|key| idempotency::of_turn(&caller, key, session, &body));
    let turn = turns::ask(&app, &caller, session, body, idempotency).await?;
    Ok(sse::answer(EventReader::of_turn(&app, &turn)))
}

/// `GET /sessions/{session}/requests/{request}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
    Id(turn): Id<TurnId>,
) -> Result<Json<RequestView>, Error> {
    Ok(Json(turns::show(&app, session, turn).await?))
}

/// `POST /sessions/{session}/abort`
pub(super) async fn abort(
    State(app): State<Arc<App>>,
    KnownSession(session): KnownSession,
    OptionalBody(body): OptionalBody,
) -> Result<Json<Value>, Error> {
    turns::abort(&app, session, body).await?;
    Ok(Json(json!({"status": "aborted"})))
}
