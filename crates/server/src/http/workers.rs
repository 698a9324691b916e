//! Workers: create, read, update, list, by name, delete, revisions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header;
use vwm_api::{ErrorBody, NewWorker, Worker, WorkerChange, WorkerId, WorkerRevision};

use super::access::Caller;
use super::extract::{Body, Id, IfMatch, Name, Query};
use crate::app::App;
use crate::error::Error;
use crate::input::Input;
use crate::service::workers::{self, Change};

/// Lists every worker, by name.
#[utoipa::path(
    get, path = "/admin/workers", tag = "workers", operation_id = "listWorkers",
    responses((status = 200, body = [Worker]))
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<Worker>>, Error> {
    Ok(Json(workers::list(&app).await?))
}

/// Makes a worker.
#[utoipa::path(
    post, path = "/admin/workers", tag = "workers", operation_id = "createWorker",
    request_body = NewWorker,
    responses(
        (status = 201, body = Worker, headers(("ETag" = String, description = "The revision, for `If-Match`"))),
        (status = 409, body = ErrorBody, description = "Another worker has this name"),
    )
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Body(body): Body,
) -> Result<Response, Error> {
    let worker = workers::create(&app, &caller, &body).await?;
    Ok((StatusCode::CREATED, tagged(worker)).into_response())
}

/// Tells what a worker is.
#[utoipa::path(
    get, path = "/admin/workers/{worker}", tag = "workers", operation_id = "getWorker",
    responses((status = 200, body = Worker, headers(("ETag" = String, description = "The revision, for `If-Match`"))))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(worker): Id<WorkerId>,
) -> Result<Response, Error> {
    Ok(tagged(workers::show(&app, worker).await?))
}

/// Tells what the worker of a name is.
#[utoipa::path(
    get, path = "/admin/workers/by-name/{name}", tag = "workers", operation_id = "getWorkerByName",
    responses((status = 200, body = Worker, headers(("ETag" = String, description = "The revision, for `If-Match`"))))
)]
pub(super) async fn show_by_name(
    State(app): State<Arc<App>>,
    Name(name): Name,
) -> Result<Response, Error> {
    Ok(tagged(workers::show_by_name(&app, &name).await?))
}

/// Changes some fields of a worker, and checks the whole again. A change makes a revision.
#[utoipa::path(
    put, path = "/admin/workers/{worker}", tag = "workers", operation_id = "updateWorker",
    params(
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the worker that the change is meant for"),
        ("force" = Option<bool>, Query, description = "Overrides a lock, which is recorded"),
    ),
    request_body = WorkerChange,
    responses(
        (status = 200, body = Worker, headers(("ETag" = String, description = "The revision, for `If-Match`"))),
        (status = 409, body = ErrorBody, description = "Another worker has this name"),
        (status = 412, body = ErrorBody, description = "It stands at another revision by now"),
        (status = 423, body = ErrorBody, description = "It is locked"),
    )
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Id(worker): Id<WorkerId>,
    IfMatch(if_match): IfMatch,
    Query(query): Query,
    Body(patch): Body,
) -> Result<Response, Error> {
    let change = Change {
        if_match,
        is_forced: is_forced(query)?,
    };
    Ok(tagged(
        workers::update(&app, &caller, worker, &patch, &change).await?,
    ))
}

/// Deletes a worker; its revisions and its ended sessions remain.
#[utoipa::path(
    delete, path = "/admin/workers/{worker}", tag = "workers", operation_id = "deleteWorker",
    params(("force" = Option<bool>, Query, description = "Overrides a lock, which is recorded")),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 409, body = ErrorBody, description = "A session of it is not over"),
        (status = 423, body = ErrorBody, description = "It is locked"),
    )
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Id(worker): Id<WorkerId>,
    Query(query): Query,
) -> Result<StatusCode, Error> {
    workers::delete(&app, &caller, worker, is_forced(query)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists every revision of a worker, oldest first, also of a deleted one.
#[utoipa::path(
    get, path = "/admin/workers/{worker}/revisions", tag = "workers", operation_id = "listWorkerRevisions",
    responses((status = 200, body = [WorkerRevision]))
)]
pub(super) async fn revisions(
    State(app): State<Arc<App>>,
    Id(worker): Id<WorkerId>,
) -> Result<Json<Vec<WorkerRevision>>, Error> {
    Ok(Json(workers::revisions(&app, worker).await?))
}

fn tagged(worker: Worker) -> Response {
    let tag = workers::tag(worker.revision);
    ([(header::ETAG, tag)], Json(worker)).into_response()
}

/// Writing here is for admins alone, so whoever may ask may force.
fn is_forced(mut query: Input) -> Result<bool, Error> {
    let forced = query.boolean("force").unwrap_or(false);
    query.close()?;
    Ok(forced)
}
