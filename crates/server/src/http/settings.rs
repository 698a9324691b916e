//! Settings: list, show, set.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vwm_api::{NewSettingValue, Setting};

use super::access::Caller;
use super::extract::{Body, Name};
use crate::app::App;
use crate::error::Error;
use crate::service::settings;

/// Lists every setting as it stands, by key, without its history.
#[utoipa::path(
    get, path = "/admin/settings", tag = "settings", operation_id = "listSettings",
    responses((status = 200, body = [Setting]))
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<Setting>>, Error> {
    Ok(Json(settings::list(&app).await?))
}

/// Tells what a setting is, and in `history` what it was: at most 100 revisions.
#[utoipa::path(
    get, path = "/admin/settings/{setting}", tag = "settings", operation_id = "getSetting",
    responses((status = 200, body = Setting))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Name(key): Name,
) -> Result<Json<Setting>, Error> {
    Ok(Json(settings::show(&app, &key).await?))
}

/// Sets a setting; the value that it has already makes no new revision. VWM reads `system_agent_md` and `engineFolders`, and keeps any
/// other with a warning.
#[utoipa::path(
    put, path = "/admin/settings/{setting}", tag = "settings", operation_id = "putSetting",
    request_body = NewSettingValue,
    responses((status = 200, body = Setting))
)]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    Name(key): Name,
    Body(body): Body,
) -> Result<Json<Setting>, Error> {
    Ok(Json(settings::set(&app, &caller, &key, body).await?))
}
