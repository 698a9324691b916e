//! What a session's turns were and what they cost.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vwm_api::{SessionId, Stats, TelemetryRow};

use super::extract::Id;
use crate::app::App;
use crate::error::Error;
use crate::service::sessions;

/// `GET /sessions/{session}/telemetry`
pub(super) async fn telemetry(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Json<Vec<TelemetryRow>>, Error> {
    sessions::show(&app, session).await?;
    Ok(Json(app.store.telemetry(session).await?))
}

/// `GET /sessions/{session}/stats`
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Json<Stats>, Error> {
    sessions::show(&app, session).await?;
    Ok(Json(app.store.stats(session).await?))
}
