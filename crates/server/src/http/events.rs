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

/// Streams the events of a whole session: what was, then what comes. It ends with the session.
#[utoipa::path(
    get, path = "/sessions/{session}/events", tag = "sessions", operation_id = "watchSession",
    params(
        ("Last-Event-ID" = Option<i64>, Header, minimum = 0, description = "The id of the last event that one has; it wins over `after`"),
        ("after" = Option<i64>, Query, minimum = 0, description = "The same, for clients that can set no header"),
    ),
    responses((status = 200, body = String, content_type = "text/event-stream"))
)]
pub(super) async fn watch(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
    LastEventId(last): LastEventId,
    Query(query): Query,
) -> Result<Response, Error> {
    let reader = events::watch(&app, session, last, query).await?;
    Ok(sse::answer(reader))
}
