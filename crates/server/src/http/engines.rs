//! Engines: which there are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vwm_api::Engine;

use crate::app::App;
use crate::service::engines;

/// Lists every engine, whether this build knows it, and the versions that are installed in the server's own folder for engines.
#[utoipa::path(
    get, path = "/admin/engines", tag = "service", operation_id = "listEngines",
    responses((status = 200, body = [Engine]))
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Vec<Engine>> {
    Json(engines::list(&app).await)
}
