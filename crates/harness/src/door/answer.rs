//! What goes back to an engine: a provider's answer byte by byte, or an error in the provider's own shape.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use vwm_api::{SubsessionId, TurnError};

use super::ledger::Open;
use super::meter::{Form, Meter, Reading};
use super::request::{self, Api};
use super::upstream::Failed;
use super::{Shared, failure};

/// An error as the provider would say it; the header makes the vendor's own client stop at once.
pub(super) fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({"type": "error", "error": {"type": kind, "message": message}});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert("x-should-retry", HeaderValue::from_static("false"));
    response
}

/// The error of a request that was given up.
pub(super) fn given_up(failed: &Failed) -> Response {
    let mut response = error(failed.status, &failed.kind, &failed.message);
    for (name, value) in &failed.headers {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_ENCODING {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }
    response
}

/// Passes an answer on while it comes, and reads it on the side.
pub(super) fn relay(
    shared: Arc<Shared>,
    open: Open,
    subsession: SubsessionId,
    api: Api,
    answer: reqwest::Response,
) -> Response {
    let status = answer.status();
    let headers = request::backward(answer.headers());
    let relay = Relay {
        meter: Meter::new(form(api, answer.headers())),
        upstream: answer.bytes_stream().boxed(),
        booked: Reading::default(),
        _open: open,
        shared,
        subsession,
        api,
    };
    let body = stream::unfold(Some(relay), |relay| async {
        let mut relay = relay?;
        match relay.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(relay))),
            Ok(None) => None,
            Err(detail) => {
                // What came before is written out first.
                tokio::task::yield_now().await;
                // The connection is cut: an orderly end would look like a whole answer.
                Some((Err(io::Error::other(detail)), None))
            }
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn form(api: Api, headers: &HeaderMap) -> Form {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match api {
        Api::Messages if content_type.starts_with("text/event-stream") => Form::Events,
        Api::Messages => Form::Json,
        Api::CountTokens | Api::Models | Api::Probe => Form::Other,
    }
}

struct Relay {
    upstream: BoxStream<'static, reqwest::Result<Bytes>>,
    meter: Meter,
    /// What the ledger has of this answer.
    booked: Reading,
    _open: Open,
    shared: Arc<Shared>,
    subsession: SubsessionId,
    api: Api,
}

impl Relay {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let silence = self.shared.limits.silence;
        let next = tokio::select! {
            () = self.shared.stopped.cancelled() => return Err("the door was closed".to_owned()),
            next = tokio::time::timeout(silence, self.upstream.next()) => next,
        };
        match next {
            Ok(Some(Ok(bytes))) => {
                self.shared.ledger.sent(self.subsession);
                self.meter.feed(&bytes);
                // Before the bytes go on: who sees the answer's end may ask for the sum.
                self.book();
                Ok(Some(bytes))
            }
            Ok(None) => {
                self.meter.end();
                self.book();
                let reading = self.meter.reading();
                if reading.is_whole || reading.error.is_some() {
                    Ok(None)
                } else {
                    Err(self.broke("the provider ended it early"))
                }
            }
            // What follows the last word of an answer is of no interest.
            Ok(Some(Err(_))) | Err(_) if self.meter.reading().is_whole => Ok(None),
            Ok(Some(Err(_))) => Err(self.broke("the connection was lost")),
            Err(_) => {
                let detail = format!("no byte for {} s", silence.as_secs_f32());
                Err(self.broke(&detail))
            }
        }
    }

    fn book(&mut self) {
        let reading = self.meter.reading();
        if self.api != Api::Messages || *reading == self.booked {
            return;
        }
        let ledger = &self.shared.ledger;
        ledger.count(self.subsession, &self.booked, reading);
        if let (None, Some((kind, message))) = (&self.booked.error, &reading.error) {
            ledger.broke(self.subsession, failure::of_kind(kind, message));
        } else if reading.is_whole && !self.booked.is_whole && reading.error.is_none() {
            ledger.whole(self.subsession);
        }
        self.booked = reading.clone();
    }

    fn broke(&self, detail: &str) -> String {
        let error: TurnError = failure::stream_lost(detail);
        if self.api == Api::Messages {
            self.shared.ledger.broke(self.subsession, error);
        }
        detail.to_owned()
    }
}
