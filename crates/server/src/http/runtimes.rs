//! Runtimes: create, read, update, list, by name, delete.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use vwm_api::{Runtime, RuntimeId};

use super::extract::{Body, Id, Name, Query};
use crate::app::App;
use crate::error::Error;
use crate::service::runtimes;

/// `GET /admin/runtimes`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query,
) -> Result<Json<Vec<Runtime>>, Error> {
    Ok(Json(runtimes::list(&app, query).await?))
}

/// `POST /admin/runtimes`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Body(body): Body,
) -> Result<(StatusCode, Json<Runtime>), Error> {
    let runtime = runtimes::create(&app, body).await?;
    Ok((StatusCode::CREATED, Json(runtime)))
}

/// `GET /admin/runtimes/{runtime}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(runtime): Id<RuntimeId>,
) -> Result<Json<Runtime>, Error> {
    Ok(Json(runtimes::show(&app, runtime).await?))
}

/// `GET /admin/runtimes/by-name/{name}`
pub(super) async fn show_by_name(
    State(app): State<Arc<App>>,
    Name(name): Name,
) -> Result<Json<Runtime>, Error> {
    Ok(Json(runtimes::show_by_name(&app, &name).await?))
}

/// `PUT /admin/runtimes/{runtime}`
pub(super) async fn update(
    State(app): State<Arc<App>>,
    Id(runtime): Id<RuntimeId>,
    Body(patch): Body,
) -> Result<Json<Runtime>, Error> {
    Ok(Json(runtimes::update(&app, runtime, patch).await?))
}

/// `DELETE /admin/runtimes/{runtime}`
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Id(runtime): Id<RuntimeId>,
) -> Result<StatusCode, Error> {
    runtimes::delete(&app, runtime).await?;
    Ok(StatusCode::NO_CONTENT)
}
