//! What a session's turns were and what they cost.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vwm_api::{SessionId, Stats, TelemetryRow};

use super::extract::{Id, Query};
use crate::app::App;
use crate::error::Error;
use crate::service::{sessions, turns};

/// Lists every turn of a session, oldest first, running ones too.
#[utoipa::path(
    get, path = "/sessions/{session}/telemetry", tag = "sessions", operation_id = "getTelemetry",
    params(("breadcrumb" = Option<String>, Query, description = "Only those that carry it, of themselves or of the session")),
    responses((status = 200, body = [TelemetryRow]))
)]
pub(super) async fn telemetry(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
    Query(query): Query,
) -> Result<Json<Vec<TelemetryRow>>, Error> {
    Ok(Json(turns::telemetry(&app, session, query).await?))
}

/// Counts a session's prompts, their tokens and their time.
#[utoipa::path(
    get, path = "/sessions/{session}/stats", tag = "sessions", operation_id = "getStats",
    responses((status = 200, body = Stats))
)]
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Json<Stats>, Error> {
    sessions::show(&app, session).await?;
    Ok(Json(app.store.stats(session).await?))
}
