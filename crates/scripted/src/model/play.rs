//! How an answer goes out: held, delayed, in chunks, cut, or never.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::mpsc;

use super::api::{Answer, Api, Ask, Frame};
use super::call::Flight;
use super::plan;
use super::script::{Step, Usage};
use super::server::App;

/// How many frames may wait for a client that reads slowly.
const FRAMES_AHEAD: usize = 16;

/// The connection is to be cut here. As a response's extension: before its first byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script cuts the connection here")
    }
}

impl std::error::Error for Cut {}

/// Plays a step; if the client goes away, the future or the body is dropped, and the flight with it.
pub(super) async fn play(
    app: &Arc<App>,
    api: Api,
    ask: Ask,
    step: Step,
    flight: Flight,
) -> Response {
    tokio::time::sleep(Duration::from_millis(step.delay_ms)).await;
    if let Some(gate) = &step.hold {
        app.gates.pass(gate).await;
    }
    if step.drop_first_bytes {
        flight.land();
        let mut response = StatusCode::OK.into_response();
        response.extensions_mut().insert(Cut);
        return response;
    }
    if let Some(status) = step.error {
        flight.land();
        return refuse(api, status, step.error_text.as_deref(), step.retry_after);
    }
    let answer = compose(app, &ask, &step, flight.n());
    let frames = if step.silent {
        Vec::new()
    } else {
        api.tell(&answer, ask.stream)
    };
    let (client, body) = channel();
    let teller = Teller {
        app: Arc::clone(app),
        step,
        client,
        flight,
    };
    app.tasks.spawn(teller.tell(frames));

    let kind = if ask.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(id) = HeaderValue::try_from(format!("req_{}", answer.id)) {
        headers.insert("request-id", id);
    }
    response
}

/// Answers with an error, as the API says it.
pub(super) fn refuse(
    api: Api,
    status: u16,
    message: Option<&str>,
    retry_after: Option<u64>,
) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (code, Json(api.error(status, message))).into_response();
    if let Some(seconds) = retry_after {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn compose(app: &App, ask: &Ask, step: &Step, n: u64) -> Answer {
    let (text, tools) = plan::tools(step, ask);
    let needs_middle = step.drop || step.hold_mid.is_some();
    let chunks = step.chunks.unwrap_or(2);
    Answer {
        id: format!("{}{n:06}", app.run),
        model: ask.model.clone(),
        step: ask.step,
        think: step.think.clone(),
        text,
        tools,
        usage: step.usage.over(app.script.usage.over(Usage::default())),
        stop: step.stop.clone(),
        chunks: if needs_middle { chunks.max(2) } else { chunks },
    }
}

struct Teller {
    app: Arc<App>,
    step: Step,
    client: mpsc::Sender<Result<Bytes, Cut>>,
    flight: Flight,
}

impl Teller {
    async fn tell(self, frames: Vec<Frame>) {
        if self.try_tell(frames).await.is_ok() {
            self.flight.land();
        }
    }

    async fn try_tell(&self, frames: Vec<Frame>) -> Result<(), Gone> {
        if self.step.silent {
            match self
                .unless_gone(std::future::pending::<Infallible>())
                .await? {}
        }
        for frame in frames {
            if frame.is_further_chunk && self.step.chunk_delay_ms > 0 {
                let delay = Duration::from_millis(self.step.chunk_delay_ms);
                self.unless_gone(tokio::time::sleep(delay)).await?;
            }
            self.send(Ok(frame.bytes)).await?;
            if !frame.is_middle {
                continue;
            }
            if let Some(gate) = &self.step.hold_mid {
                self.unless_gone(self.app.gates.pass(gate)).await?;
            }
            if self.step.drop {
                return self.send(Err(Cut)).await;
            }
        }
        Ok(())
    }

    async fn send(&self, piece: Result<Bytes, Cut>) -> Result<(), Gone> {
        self.client.send(piece).await.map_err(|_| Gone)
    }

    async fn unless_gone<T>(&self, wait: impl Future<Output = T>) -> Result<T, Gone> {
        tokio::select! {
            () = self.client.closed() => Err(Gone),
            value = wait => Ok(value),
        }
    }
}

/// The client went away.
struct Gone;

fn channel() -> (mpsc::Sender<Result<Bytes, Cut>>, Body) {
    let (client, pieces) = mpsc::channel::<Result<Bytes, Cut>>(FRAMES_AHEAD);
    let pieces = stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        if piece.is_err() {
            // The connection flushes only when it finds nothing more to send; a cut at once would lose what came before.
            tokio::task::yield_now().await;
        }
        Some((piece, pieces))
    });
    (client, Body::from_stream(pieces))
}
