//! Server-sent events: frames as they are stored, a sign of life when there are none.

use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::header;
use tracing::warn;
use vwm_store::Frame;

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

fn chunks(reader: EventReader, heartbeat: Duration) -> impl Stream<Item = Result<Bytes, Error>> {
    let hint = stream::iter([Ok(Bytes::from_static(HINT.as_bytes()))]);
    let events = stream::unfold(reader, move |mut reader| async move {
        let chunk = match tokio::time::timeout(heartbeat, reader.next()).await {
            Err(_) => Bytes::from_static(b":\n\n"),
            Ok(Ok(Some(frames))) => written(&frames),
            Ok(Ok(None)) => return None,
            Ok(Err(error)) => {
                let session = reader.session();
                let cause = vwm_api::chain(&error);
                warn!(session.id = %session, "A stream of session {session} breaks off: {cause}; the client comes back");
                return None;
            }
        };
        Some((Ok(chunk), reader))
    });
    stream::StreamExt::chain(hint, events)
}

fn written(frames: &[Frame]) -> Bytes {
    let mut text = String::new();
    for Frame { seq, data, .. } in frames {
        write!(text, "id: {seq}\ndata: {data}\n\n").expect("a String takes all that is written");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use serde_json::json;
    use vwm_api::Role;

    use super::*;
    use crate::app::App;
    use crate::config::Config;
    use crate::input::Input;
    use crate::service::{events, sessions, workers};

    #[tokio::test]
    async fn a_silent_stream_gives_signs_of_life() {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(Config::in_folder(folder.path())).await;
        let app = app.expect("it opens");
        let key = app
            .store
            .create_key("bob", Role::Admin, [0; 32])
            .await
            .unwrap();
        let runtime = app.store.runtime_by_name("local").await.unwrap();
        let runtime = runtime.expect("the first start made it").id;
        let worker = json!({"name": "bob", "runtimeId": runtime, "cliType": "claude-code"});
        workers::create(&app, &key, &worker).await.unwrap();
        let body = json!({"workerName": "bob"});
        let session = sessions::create(&app, body, None).await.unwrap().id;

        let after_the_first = Input::of_query(vec![("after".into(), "1".into())]);
        let reader = events::watch(&app, session, None, after_the_first).await;
        let mut chunks = std::pin::pin!(chunks(reader.unwrap(), Duration::from_millis(1)));
        let mut next = async || chunks.next().await.unwrap().unwrap();
        assert_eq!(next().await, HINT);
        assert_eq!(next().await, ":\n\n");
        assert_eq!(next().await, ":\n\n");
    }
}
