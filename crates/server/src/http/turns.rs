//! Turns: prompt, stream, a request of its own, one request by its id and its events, asked again, abort.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use vwm_api::{
    AbortAnswer, AbortRequest, AcceptedRequest, Answer, ErrorBody, Prompt, RequestView, SessionId,
    TurnId,
};
use vwm_store::Turn;

use super::access::Caller;
use super::extract::{Body, Id, IdempotencyKey, KnownSession, LastEventId, OptionalBody, Query};
use super::sse;
use crate::app::App;
use crate::error::Error;
use crate::service::events::{self, EventReader};
use crate::service::idempotency;
use crate::service::turns;

/// Prompts the worker, and answers when the turn is over. Who hangs up aborts nothing.
///
/// A turn that ran and failed, was aborted or timed out is 200 with its `status` and `error`.
#[utoipa::path(
    post, path = "/sessions/{session}/prompt", tag = "requests", operation_id = "promptSession",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "The same key and body make one turn, whichever call asks for it")),
    request_body = Prompt,
    responses(
        (status = 200, body = Answer),
        (status = 409, body = ErrorBody, description = "The session is not active, or the conversation is busy and `onBusy` is `reject`"),
        (status = 422, body = ErrorBody, description = "The idempotency key was used with another body"),
        (status = 429, body = ErrorBody, description = "Too many prompts wait in this conversation already"),
    )
)]
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

/// Prompts the worker, and streams the events of the turn. Who hangs up aborts nothing.
#[utoipa::path(
    post, path = "/sessions/{session}/stream", tag = "requests", operation_id = "streamPrompt",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "The same key and body make one turn, whichever call asks for it")),
    request_body = Prompt,
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 409, body = ErrorBody, description = "The session is not active, or the conversation is busy and `onBusy` is `reject`"),
        (status = 422, body = ErrorBody, description = "The idempotency key was used with another body"),
        (status = 429, body = ErrorBody, description = "Too many prompts wait in this conversation already"),
    )
)]
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    KnownSession(session): KnownSession,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body,
) -> Result<Response, Error> {
    let idempotency = key.map(|key| idempotency::of_turn(&caller, key, session, &body));
    let turn = turns::ask(&app, &caller, session, body, idempotency).await?;
    Ok(sse::answer(EventReader::of_turn(&app, &turn).await?))
}

/// Prompts the worker, and answers at once: the request goes on by itself, and is asked for or watched under its `Location`.
///
/// The same call again answers with the same request as it stands by then.
#[utoipa::path(
    post, path = "/sessions/{session}/requests", tag = "requests", operation_id = "createRequest",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "The same key and body make one turn, whichever call asks for it")),
    request_body = Prompt,
    responses(
        (status = 202, body = AcceptedRequest, headers(("Location" = String, description = "The request's path"))),
        (status = 409, body = ErrorBody, description = "The session is not active, or the conversation is busy and `onBusy` is `reject`"),
        (status = 422, body = ErrorBody, description = "The idempotency key was used with another body"),
        (status = 429, body = ErrorBody, description = "Too many prompts wait in this conversation already"),
    )
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    KnownSession(session): KnownSession,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body,
) -> Result<Response, Error> {
    let idempotency = key.map(|key| idempotency::of_turn(&caller, key, session, &body));
    let turn = turns::ask(&app, &caller, session, body, idempotency).await?;
    Ok(accepted(&turn))
}

/// Asks again what a request asked that failed, was aborted, or whose outcome nobody knows: a new request with `retryOf`.
///
/// Nothing is ever run again by itself. The new request has the prompt, conversation, timeout and breadcrumbs of the earlier one.
#[utoipa::path(
    post, path = "/sessions/{session}/requests/{request}/retry", tag = "requests", operation_id = "retryRequest",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "The same key makes one request")),
    responses(
        (status = 202, body = AcceptedRequest, headers(("Location" = String, description = "The new request's path"))),
        (status = 409, body = ErrorBody, description = "It waits, runs or is complete, it is the session's own, or the session is not active"),
        (status = 422, body = ErrorBody, description = "The idempotency key was used for another call"),
        (status = 429, body = ErrorBody, description = "Too many prompts wait in this conversation already"),
    )
)]
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    KnownSession(session): KnownSession,
    Id(request): Id<TurnId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Response, Error> {
    let idempotency = key.map(|key| idempotency::of_retry(&caller, key, session, request));
    let turn = turns::retry(&app, &caller, session, request, idempotency).await?;
    Ok(accepted(&turn))
}

/// Tells where a request stands and, once there, its answer.
#[utoipa::path(
    get, path = "/sessions/{session}/requests/{request}", tag = "requests", operation_id = "getRequest",
    responses((status = 200, body = RequestView))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
    Id(turn): Id<TurnId>,
) -> Result<Json<RequestView>, Error> {
    Ok(Json(turns::show(&app, session, turn).await?))
}

/// Streams the events of one request: what was, then what comes. It ends after the request's last event.
#[utoipa::path(
    get, path = "/sessions/{session}/requests/{request}/events", tag = "requests", operation_id = "watchRequest",
    params(
        ("Last-Event-ID" = Option<i64>, Header, minimum = 0, description = "The id of the last event that one has; it wins over `after`"),
        ("after" = Option<i64>, Query, minimum = 0, description = "The same, for clients that can set no header"),
    ),
    responses((status = 200, body = String, content_type = "text/event-stream"))
)]
pub(super) async fn watch(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
    Id(turn): Id<TurnId>,
    LastEventId(last): LastEventId,
    Query(query): Query,
) -> Result<Response, Error> {
    let reader = events::watch_turn(&app, session, turn, last, query).await?;
    Ok(sse::answer(reader))
}

/// Aborts a request, a conversation's, or all that are in flight or waiting.
#[utoipa::path(
    post, path = "/sessions/{session}/abort", tag = "requests", operation_id = "abortSession",
    request_body = Option<AbortRequest>,
    responses(
        (status = 200, body = AbortAnswer),
        (status = 409, body = ErrorBody, description = "Nothing that is named is in flight: it is over, or there is no such request"),
    )
)]
pub(super) async fn abort(
    State(app): State<Arc<App>>,
    KnownSession(session): KnownSession,
    OptionalBody(body): OptionalBody,
) -> Result<Json<AbortAnswer>, Error> {
    turns::abort(&app, session, body).await?;
    Ok(Json(AbortAnswer::Aborted))
}

/// The answer of a call that leaves a turn to itself.
fn accepted(turn: &Turn) -> Response {
    let location = format!("/sessions/{}/requests/{}", turn.session, turn.id);
    let accepted = AcceptedRequest {
        request_id: turn.id,
        status: turn.status,
    };
    let answer = ([(header::LOCATION, location)], Json(accepted));
    (StatusCode::ACCEPTED, answer).into_response()
}
