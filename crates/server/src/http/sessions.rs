//! Sessions: create, list, show, suspend, resume, end, push what its end could not.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use vwm_api::{
    ErrorBody, NewSession, PushResult, Session, SessionId, SessionPage, SessionStatus, WorkerId,
};

use super::access::Caller;
use super::extract::{Body, Id, IdempotencyKey, Query};
use crate::app::App;
use crate::error::Error;
use crate::service::{idempotency, lifecycle, pushes, sessions};

/// Makes a session. It is pending at first; its events tell when it is active.
#[utoipa::path(
    post, path = "/sessions", tag = "sessions", operation_id = "createSession",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "The same key and body make one session")),
    request_body = NewSession,
    responses(
        (status = 201, body = Session),
        (status = 422, body = ErrorBody, description = "The idempotency key was used with another body"),
        (status = 429, body = ErrorBody, description = "Too many sessions; ask again after `Retry-After`"),
    )
)]
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

/// Lists sessions, newest first.
#[utoipa::path(
    get, path = "/sessions", tag = "sessions", operation_id = "listSessions",
    params(
        ("status" = Option<SessionStatus>, Query, description = "Only those that stand there"),
        ("workerId" = Option<WorkerId>, Query, description = "Only those of this worker"),
        ("breadcrumb" = Option<String>, Query, description = "Only those that carry it"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 50 unless set"),
        ("cursor" = Option<String>, Query, min_length = 1, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, body = SessionPage))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query,
) -> Result<Json<SessionPage>, Error> {
    Ok(Json(sessions::list(&app, query).await?))
}

/// Lists the sessions of a worker, newest first, also of a deleted one.
#[utoipa::path(
    get, path = "/admin/workers/{worker}/sessions", tag = "workers", operation_id = "listWorkerSessions",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 100 unless set"),
        ("cursor" = Option<String>, Query, min_length = 1, description = "As in the `Link` of the page before"),
    ),
    responses((status = 200, body = [Session], headers(("Link" = String, description = "Where there are more: the next page, with `rel=\"next\"`"))))
)]
pub(super) async fn list_of_worker(
    State(app): State<Arc<App>>,
    Id(worker): Id<WorkerId>,
    Query(query): Query,
) -> Result<Response, Error> {
    let (page, next) = sessions::list_of_worker(&app, worker, query).await?;
    let sessions = Json(page);
    Ok(match next {
        Some(next) => ([(header::LINK, next)], sessions).into_response(),
        None => sessions.into_response(),
    })
}

/// Tells how a session stands.
#[utoipa::path(
    get, path = "/sessions/{session}", tag = "sessions", operation_id = "getSession",
    responses((status = 200, body = Session))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Json<Session>, Error> {
    Ok(Json(sessions::show(&app, session).await?))
}

/// Suspends a session in which nothing runs or waits: its job goes, its workspace stays, and the next prompt, file call or resume brings
/// it back. Asking again changes nothing.
#[utoipa::path(
    post, path = "/sessions/{session}/suspend", tag = "sessions", operation_id = "suspendSession",
    responses(
        (status = 202, body = Session),
        (status = 409, body = ErrorBody, description = "A turn runs or waits, or the session is neither active nor suspended"),
    )
)]
pub(super) async fn suspend(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<(StatusCode, Json<Session>), Error> {
    let session = lifecycle::suspend(&app, session).await?;
    Ok((StatusCode::ACCEPTED, Json(session)))
}

/// Resumes a suspended session, and tries the start of a failed one again. Asking again changes nothing.
///
/// The answer says `resuming` until it is `active`, or until `statusReason` says why it is not.
#[utoipa::path(
    post, path = "/sessions/{session}/resume", tag = "sessions", operation_id = "resumeSession",
    responses(
        (status = 202, body = Session),
        (status = 409, body = ErrorBody, description = "It ends or has ended, or its workspace is lost"),
    )
)]
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<(StatusCode, Json<Session>), Error> {
    let session = lifecycle::resume(&app, session).await?;
    Ok((StatusCode::ACCEPTED, Json(session)))
}

/// Ends a session: learn, commit and push, keep the transcript, remove the workspace. Asking again changes nothing.
#[utoipa::path(
    delete, path = "/sessions/{session}", tag = "sessions", operation_id = "endSession",
    params(("wait" = Option<bool>, Query, description = "Answers only when it has ended")),
    responses((status = 204, description = "It is asked to end; with `wait` it has"))
)]
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

/// Pushes the branches that the end of a session could not push.
#[utoipa::path(
    post, path = "/sessions/{session}/push", tag = "sessions", operation_id = "pushSession",
    responses(
        (status = 200, body = PushResult),
        (status = 409, body = ErrorBody, description = "It has not ended, nothing is left to push, or what was left is deleted"),
    )
)]
pub(super) async fn push(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Json<PushResult>, Error> {
    Ok(Json(pushes::push(&app, session).await?))
}
