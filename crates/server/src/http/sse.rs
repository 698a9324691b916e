//! Server-sent events: frames as they are stored, a sign of life when there are none.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::header;
use tracing::warn;

use crate::error::Error;
use crate::service::events::EventReader;

/// Answers with everything that a reader reads, until it has read the last.
pub(super) fn answer(reader: EventReader) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Some proxies gather a whole answer unless told so.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(chunks(reader, HEARTBEAT))).into_response()
}

/// Proxies cut a stream that is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long a client waits before it comes back, in milliseconds; and with it the answer's first byte.
const HINT: &str = "retry: 1000\n\n";

/// A comment.
const SIGN_OF_LIFE: &[u8] = b":\n\n";

fn chunks(reader: EventReader, heartbeat: Duration) -> impl Stream<Item = Result<Bytes, Error>> {
    let hint = stream::iter([Bytes::from_static(HINT.as_bytes())]);
    let events = with_signs_of_life(stream::unfold(reader, read), heartbeat);
    hint.chain(events).map(Ok)
}

/// What a silence interrupts is the waiting for an item, and not the item: a read that takes the database long goes on.
fn with_signs_of_life(
    items: impl Stream<Item = Bytes>,
    silence: Duration,
) -> impl Stream<Item = Bytes> {
    stream::unfold(Box::pin(items), move |mut items| async move {
        match tokio::time::timeout(silence, items.next()).await {
            Err(_) => Some((Bytes::from_static(SIGN_OF_LIFE), items)),
            Ok(item) => Some((item?, items)),
        }
    })
}

/// The next frames as one piece; a slow reader holds up no more than one such read.
async fn read(mut reader: EventReader) -> Option<(Bytes, EventReader)> {
    match reader.next().await {
        Ok(pieces) => Some((joined(pieces?), reader)),
        Err(error) => {
            let session = reader.session();
            let cause = vwm_api::chain(&error);
            warn!(session.id = %session, "A stream of session {session} breaks off: {cause}; the client comes back");
            None
        }
    }
}

/// One write for all of them; a piece alone is not copied.
fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.len() {
        1 => pieces.remove(0),
        _ => pieces.concat().into(),
    }
}

#[cfg(test)]
mod tests;
