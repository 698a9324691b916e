//! How the server is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vwm_api::{ServerHealth, ServerName, ServerStatus};

use super::access::Caller;
use crate::app::App;
use crate::error::Error;
use crate::service::status;

/// Tells name and version.
#[utoipa::path(
    get, path = "/", tag = "service", operation_id = "getServerName",
    responses((status = 200, body = ServerName))
)]
pub(super) async fn name() -> Json<ServerName> {
    Json(ServerName {
        name: SERVICE.to_owned(),
        version: VERSION.to_owned(),
    })
}

/// Tells that the process answers.
#[utoipa::path(
    get, path = "/health", tag = "service", operation_id = "getHealth",
    responses((status = 200, body = ServerHealth))
)]
pub(super) async fn health() -> Json<ServerHealth> {
    is("ok")
}

/// Tells whether sessions can be served: 503 says why not.
#[utoipa::path(
    get, path = "/ready", tag = "service", operation_id = "getReady",
    responses((status = 200, body = ServerHealth))
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Json<ServerHealth>, Error> {
    if app.stop.is_cancelled() {
        return Err(Error::Unavailable("the server stops".to_owned()));
    }
    let no_database = |_| {
        let why = if app.config.database_url.is_some() {
            "does PostgreSQL run, and can this machine reach it?"
        } else {
            "is the disk full or read-only?"
        };
        Error::Unavailable(format!("the database does not answer; {why}"))
    };
    app.store.ping().await.map_err(no_database)?;
    let no_jobs = |error| Error::Unavailable(format!("no job can be made: {error}"));
    app.jobs.ready().await.map_err(no_jobs)?;
    Ok(is("ready"))
}

/// Tells version, age, environment and what the key may do.
#[utoipa::path(
    get, path = "/status", tag = "service", operation_id = "getStatus",
    responses((status = 200, body = ServerStatus))
)]
pub(super) async fn status(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
) -> Result<Json<ServerStatus>, Error> {
    Ok(Json(status::read(&app, caller.role).await?))
}

fn is(status: &str) -> Json<ServerHealth> {
    Json(ServerHealth {
        status: status.to_owned(),
    })
}

const SERVICE: &str = "vwm";
const VERSION: &str = env!("CARGO_PKG_VERSION");
