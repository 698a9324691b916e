//! The file calls: bytes in and out as they come, and what each refusal is as a status.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::time::timeout;
use tracing::warn;
use vwm_api::FileList;

use super::refuse;
use crate::files::{self, FileError};
use crate::session::Session;

/// How long what still comes is taken and thrown away after a refusal, so that whoever sends it gets to read why.
const LINGER: Duration = Duration::from_secs(5);

/// Which file; an absent path is an empty one.
#[derive(Deserialize)]
pub(super) struct Target {
    #[serde(default)]
    path: String,
}

/// Which file, and how much of it.
#[derive(Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    path: String,
    max: u64,
}

pub(super) async fn list(
    State(session): State<Arc<Session>>,
    Query(target): Query<Target>,
) -> Result<Json<FileList>, FileError> {
    files::list(&session, &target.path).await.map(Json)
}

pub(super) async fn read(
    State(session): State<Arc<Session>>,
    Query(target): Query<Target>,
) -> Result<Response, FileError> {
    let (length, pieces) = files::read(&session, &target.path).await?;
    let told = [
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
    ];
    Ok((told, Body::from_stream(pieces)).into_response())
}

/// No bound but `max` holds for the body, which nobody collects.
pub(super) async fn write(
    State(session): State<Arc<Session>>,
    Query(target): Query<Written>,
    body: Body,
) -> Response {
    let mut body = body.into_data_stream();
    match files::write(&session, &target.path, target.max, &mut body).await {
        Ok(written) => Json(written).into_response(),
        Err(error) => {
            tokio::spawn(throw_away(body));
            error.into_response()
        }
    }
}

pub(super) async fn delete(
    State(session): State<Arc<Session>>,
    Query(target): Query<Target>,
) -> Result<StatusCode, FileError> {
    files::delete(&session, &target.path).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn throw_away(mut body: BodyDataStream) {
    let rest = async { while let Some(Ok(_)) = body.next().await {} };
    // Who sends on after that does not listen.
    let _ = timeout(LINGER, rest).await;
}

impl IntoResponse for FileError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NoPath | Self::Refused { .. } | Self::CutOff { .. } => StatusCode::BAD_REQUEST,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::NotThere { .. } => StatusCode::NOT_FOUND,
            Self::Idle { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::NotPrepared { .. } | Self::Ending | Self::Held { .. } => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
            Self::Disk { source, .. } => {
                warn!(error = %source, "File call failed at the disk");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        refuse(status, &self.to_string())
    }
}
