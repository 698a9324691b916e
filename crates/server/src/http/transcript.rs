//! The transcript of a session.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::header;
use tracing::warn;
use vwm_api::SessionId;

use super::extract::Id;
use crate::app::App;
use crate::error::Error;
use crate::service::transcript::{self, TranscriptReader};

/// Tells what was said in a session so far, in any status: one JSON object per line.
///
/// Each line has `role` (`user`, `assistant`, `tool`, `vwm`), `requestId`, `subsessionId` and `at`, and one of: `kind` and `text` (the
/// prompt), `text`, `thinking`, `toolCall`, `toolResult`, `notice`, `status` and `error` (the request's end).
#[utoipa::path(
    get, path = "/sessions/{session}/transcript", tag = "sessions", operation_id = "getTranscript",
    responses((status = 200, body = String, content_type = "application/x-ndjson", description = "The lines; empty where nothing was said"))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(session): Id<SessionId>,
) -> Result<Response, Error> {
    let reader = transcript::open(&app, session).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(pieces(reader))).into_response())
}

fn pieces(reader: TranscriptReader) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold(reader, async |mut reader| match reader.next().await {
        Ok(piece) => Ok(piece.map(|piece| (piece, reader))),
        Err(error) => {
            let session = reader.session();
            let cause = vwm_api::chain(&error);
            warn!(session.id = %session, "The transcript of session {session} breaks off: {cause}");
            Err(error)
        }
    })
}
