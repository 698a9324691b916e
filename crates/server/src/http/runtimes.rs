//! Runtimes: create, read, update, list, by name, delete.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use vwm_api::{ErrorBody, NewRuntime, Runtime, RuntimeChange, RuntimeId};

use super::extract::{Body, Id, Name, Query};
use crate::app::App;
use crate::error::Error;
use crate::service::runtimes;

/// Lists every runtime, by name.
#[utoipa::path(
    get, path = "/admin/runtimes", tag = "runtimes", operation_id = "listRuntimes",
    params(("tag" = Option<String>, Query, description = "Only those that have this tag")),
    responses((status = 200, body = [Runtime]))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query,
) -> Result<Json<Vec<Runtime>>, Error> {
    Ok(Json(runtimes::list(&app, query).await?))
}

/// Makes a runtime.
#[utoipa::path(
    post, path = "/admin/runtimes", tag = "runtimes", operation_id = "createRuntime",
    request_body = NewRuntime,
    responses(
        (status = 201, body = Runtime),
        (status = 409, body = ErrorBody, description = "Another runtime has this name"),
    )
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Body(body): Body,
) -> Result<(StatusCode, Json<Runtime>), Error> {
    let runtime = runtimes::create(&app, body).await?;
    Ok((StatusCode::CREATED, Json(runtime)))
}

/// Tells what a runtime is.
#[utoipa::path(
    get, path = "/admin/runtimes/{runtime}", tag = "runtimes", operation_id = "getRuntime",
    responses((status = 200, body = Runtime))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(runtime): Id<RuntimeId>,
) -> Result<Json<Runtime>, Error> {
    Ok(Json(runtimes::show(&app, runtime).await?))
}

/// Tells what the runtime of a name is.
#[utoipa::path(
    get, path = "/admin/runtimes/by-name/{name}", tag = "runtimes", operation_id = "getRuntimeByName",
    responses((status = 200, body = Runtime))
)]
pub(super) async fn show_by_name(
    State(app): State<Arc<App>>,
    Name(name): Name,
) -> Result<Json<Runtime>, Error> {
    Ok(Json(runtimes::show_by_name(&app, &name).await?))
}

/// Changes some fields of a runtime, and checks the whole again: null puts a field back to its default.
#[utoipa::path(
    put, path = "/admin/runtimes/{runtime}", tag = "runtimes", operation_id = "updateRuntime",
    request_body = RuntimeChange,
    responses(
        (status = 200, body = Runtime),
        (status = 409, body = ErrorBody, description = "Another runtime has this name"),
    )
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    Id(runtime): Id<RuntimeId>,
    Body(patch): Body,
) -> Result<Json<Runtime>, Error> {
    Ok(Json(runtimes::update(&app, runtime, patch).await?))
}

/// Deletes a runtime that nobody needs.
#[utoipa::path(
    delete, path = "/admin/runtimes/{runtime}", tag = "runtimes", operation_id = "deleteRuntime",
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, body = ErrorBody, description = "A worker, or a session that has not ended, needs it"),
    )
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Id(runtime): Id<RuntimeId>,
) -> Result<StatusCode, Error> {
    runtimes::delete(&app, runtime).await?;
    Ok(StatusCode::NO_CONTENT)
}
