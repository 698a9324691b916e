//! Workers: create, read, update, list, by name, delete, revisions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header;
use vwm_api::{Worker, WorkerId, WorkerRevision};

use super::access::Caller;
use super::extract::{Body, Id, IfMatch, Name, Query};
use crate::app::App;
use crate::error::Error;
use crate::input::Input;
use crate::service::workers::{self, Change};

/// `GET /admin/workers`
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<Worker>>, Error> {
    Ok(Json(workers::list(&app).await?))
}

/// `POST /admin/workers`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Body(body): Body,
) -> Result<Response, Error> {
    let worker = workers::create(&app, &caller, &body).await?;
    Ok((StatusCode::CREATED, tagged(worker)).into_response())
}

/// `GET /admin/workers/{worker}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(worker): Id<WorkerId>,
) -> Result<Response, Error> {
    Ok(tagged(workers::show(&app, worker).await?))
}

/// `GET /admin/workers/by-name/{name}`
pub(super) async fn show_by_name(
    State(app): State<Arc<App>>,
    Name(name): Name,
) -> Result<Response, Error> {
    Ok(tagged(workers::show_by_name(&app, &name).await?))
}

/// `PUT /admin/workers/{worker}`
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

/// `DELETE /admin/workers/{worker}`
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Id(worker): Id<WorkerId>,
    Query(query): Query,
) -> Result<StatusCode, Error> {
    workers::delete(&app, &caller, worker, is_forced(query)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /admin/workers/{worker}/revisions`
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
