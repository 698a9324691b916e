//! Numbers for those who watch the server.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;

use crate::app::App;
use crate::error::Error;
use crate::service::metrics;

/// Tells numbers of sessions, requests, tokens, cost and the database, in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "service", operation_id = "getMetrics",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(super) async fn show(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Error> {
    let kind = (
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    );
    Ok(([kind], metrics::text(&app).await?))
}
