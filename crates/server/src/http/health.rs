//! How the server is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vwm_api::{ServerHealth, ServerName, ServerStatus};

use crate::app::App;
use crate::error::Error;

/// `GET /`
pub(super) async fn name() -> Json<ServerName> {
    Json(ServerName {
        name: SERVICE.to_owned(),
        version: VERSION.to_owned(),
    })
}

/// `GET /health`: the process answers.
pub(super) async fn health() -> Json<ServerHealth> {
    is("ok")
}

/// `GET /ready`: sessions can be served.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Json<ServerHealth>, Error> {
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
    Ok(is("ready"))
}

/// `GET /status`
pub(super) async fn status(State(app): State<Arc<App>>) -> Json<ServerStatus> {
    Json(ServerStatus {
        service: SERVICE.to_owned(),
        version: VERSION.to_owned(),
        uptime: app.started_at.elapsed().as_secs(),
        environment: "local".to_owned(),
    })
}

fn is(status: &str) -> Json<ServerHealth> {
    Json(ServerHealth {
        status: status.to_owned(),
    })
}

const SERVICE: &str = "vwm";
const VERSION: &str = env!("CARGO_PKG_VERSION");
