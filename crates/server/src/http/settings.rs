//! Settings: list, show, set.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vwm_api::Setting;

use super::access::Caller;
use super::extract::{Body, Name};
use crate::app::App;
use crate::error::Error;
use crate::service::settings;

/// `GET /admin/settings`
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<Setting>>, Error> {
    Ok(Json(app.store.settings().await?))
}

/// `GET /admin/settings/{key}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Name(key): Name,
) -> Result<Json<Setting>, Error> {
    Ok(Json(settings::show(&app, &key).await?))
}

/// `PUT /admin/settings/{key}`
pub(super) async fn set(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(key): Name,
    Body(body): Body,
) -> Result<Json<Setting>, Error> {
    Ok(Json(settings::set(&app, &caller, &key, body).await?))
}
