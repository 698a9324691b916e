//! The events of a whole session.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use vwm_api::SessionId;

use super::extract::{Id, LastEventId, Query};
use super::sse;
use crate::app::App;
use crate::error::Error;
use crate::service::events;

/// `GET /sessions/{session}/events`
pub(super) async fn watch(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
    LastEventId(last): LastEventId,
    Query(query): Query,
) -> Result<Response, Error> {
    let reader = events::watch(&app, session, last, query).await?;
    Ok(sse::answer(reader))
}
