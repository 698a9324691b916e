//! How the server is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;

/// The answer of `GET /status`.
#[derive(Serialize)]
pub(super) struct Status {
    service: &'static str,
    version: &'static str,
    /// In seconds.
    uptime: u64,
    environment: &'static str,
}

/// `GET /`
pub(super) async fn name() -> Json<Value> {
    Json(json!({"name": SERVICE, "version": VERSION}))
}

/// `GET /health`: the process answers.
pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// `GET /ready`: sessions can be served.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Json<Value>, Error> {
    if app.stop.is_cancelled() {
        return Err(Error::Unavailable("the server stops".to_owned()));
    }
    let no_database = |_| {
        Error::Unavailable(
            "the database does not answer; is the disk full or read-only?".to_owned(),
        )
    };
    app.store.ping().await.map_err(no_database)?;
    let no_jobs = |error| Error::Unavailable(format!("no job can be made: {error}"));
    app.jobs.ready().await.map_err(no_jobs)?;
    Ok(Json(json!({"status": "ready"})))
}

/// `GET /status`
pub(super) async fn status(State(app): State<Arc<App>>) -> Json<Status> {
    Json(Status {
        service: SERVICE,
        version: VERSION,
        uptime: app.started_at.elapsed().as_secs(),
        environment: "local",
    })
}

const SERVICE: &str = "vwm";
const VERSION: &str = env!("CARGO_PKG_VERSION");
