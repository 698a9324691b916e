//! A provider that plays a script, a door before it, and an engine that asks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use vwm_api::harness::Provider;
use vwm_api::{AgentEvent, SubsessionId};

use crate::door::{Door, Limits, Usage};

pub(super) const KEY: &str = "sk-provider";
pub(super) const TOKEN: &str = "door-token";

/// What the provider does next.
pub(super) enum Play {
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// Pieces of a stream; then it ends, breaks or says nothing more.
    Stream(Vec<String>, After),
}

#[derive(PartialEq, Eq)]
pub(super) enum After {
    Ends,
    Breaks,
    Silence,
}

#[derive(Default)]
pub(super) struct Upstream {
    pub(super) plays: Mutex<VecDeque<Play>>,
    pub(super) seen: Mutex<Vec<(String, HeaderMap, Bytes)>>,
}

async fn upstream(State(upstream): State<Arc<Upstream>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .expect("a body");
    let asked = format!("{} {}", parts.method, parts.uri);
    upstream
        .seen
        .lock()
        .expect("no panic")
        .push((asked, parts.headers, body));
    let play = upstream.plays.lock().expect("no panic").pop_front();
    match play.expect("the script goes on") {
        Play::Answer(status, headers, body) => {
            let mut response = Response::builder()
                .status(status)
                .header("content-type", "application/json");
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            response.body(Body::from(body)).expect("a response")
        }
        Play::Stream(pieces, after) => {
            let pieces = stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece))));
            let body = match after {
                After::Ends => Body::from_stream(pieces),
                After::Breaks => Body::from_stream(pieces.chain(stream::once(async {
                    // What came before is written out first.
                    tokio::task::yield_now().await;
                    Err("cut")
                }))),
                After::Silence => {
                    Body::from_stream(pieces.chain(stream::pending::<Result<Bytes, &str>>()))
                }
            };
            Response::builder()
                .header("content-type", "text/event-stream; charset=utf-8")
                .header("server", "provider/1")
                .body(body)
                .expect("a response")
        }
    }
}

pub(super) struct Kit {
    pub(super) door: Door,
    pub(super) provider: Arc<Upstream>,
    pub(super) notices: mpsc::UnboundedReceiver<(SubsessionId, AgentEvent)>,
    pub(super) conversation: SubsessionId,
    pub(super) engine: reqwest::Client,
    pub(super) base_url: String,
}

impl Kit {
    pub(super) async fn start(plays: Vec<Play>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let base_url = format!("http://{}/base/", listener.local_addr().expect("bound"));
        let provider = Arc::new(Upstream {
            plays: Mutex::new(plays.into()),
            ..Upstream::default()
        });
        let app = Router::new()
            .fallback(upstream)
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let (sink, notices) = mpsc::unbounded_channel();
        let limits = Limits {
            first_wait: Duration::from_millis(1),
            silence: Duration::from_millis(200),
            body: 1000,
            ..Limits::default()
        };
        let door = Door::start_with(TOKEN.to_owned(), sink, limits).expect("a port");
        let kit = Self {
            door,
            provider,
            notices,
            conversation: SubsessionId::new(),
            engine: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            base_url,
        };
        kit.provide(KEY);
        kit
    }

    pub(super) fn provide(&self, key: &str) {
        let provider = Provider {
            base_url: self.base_url.clone(),
            api_key: key.to_owned(),
        };
        self.door
            .set_providers(BTreeMap::from([("anthropic".to_owned(), provider)]));
    }

    pub(super) fn request(&self) -> reqwest::RequestBuilder {
        self.engine
            .post(format!(
                "{}/v1/messages?beta=true",
                self.door.url(self.conversation)
            ))
            .header("x-api-key", TOKEN)
            .header("anthropic-version", "2023-06-01")
            .header("cookie", "from=engine")
            .body(r#"{"stream":true}"#)
    }

    pub(super) async fn ask(&self) -> (u16, String) {
        let answer = self.request().send().await.expect("the door answers");
        let status = answer.status().as_u16();
        (
            status,
            answer.text().await.unwrap_or_else(|_| "(cut)".to_owned()),
        )
    }

    pub(super) fn usage(&self) -> Usage {
        self.door.usage(self.conversation)
    }

    pub(super) fn failure(&self) -> String {
        let failure = self.door.last_failure(self.conversation);
        failure.map_or("none".to_owned(), |error| {
            format!("{}: {}", error.code, error.message)
        })
    }

    pub(super) fn asked(&self) -> usize {
        self.provider.seen.lock().expect("no panic").len()
    }

    pub(super) fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while let Ok((of, event)) = self.notices.try_recv() {
            assert_eq!(of, self.conversation);
            match event {
                AgentEvent::Notice { code, message } => told.push(format!("{code}: {message}")),
                other => panic!("not a notice: {other:?}"),
            }
        }
        told
    }
}

pub(super) fn frame(json: &Value) -> String {
    format!(
        "event: {}\ndata: {json}\n\n",
        json["type"].as_str().unwrap_or_default()
    )
}

pub(super) fn beginning() -> String {
    frame(
        &json!({"type": "message_start", "message": {"model": "m1", "usage":
        {"input_tokens": 100, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 3, "output_tokens": 1}}}),
    )
}

pub(super) fn whole() -> Vec<String> {
    let delta =
        frame(&json!({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 7}}));
    vec![beginning(), delta, frame(&json!({"type": "message_stop"}))]
}

pub(super) fn error(status: u16, kind: &str, message: &str) -> Play {
    let body = json!({"type": "error", "error": {"type": kind, "message": message}});
    Play::Answer(status, &[], body.to_string())
}

pub(super) fn used(tokens_in: i64, tokens_out: i64, calls: u64) -> Usage {
    Usage {
        tokens_in: Some(tokens_in),
        tokens_out: Some(tokens_out),
        calls,
        model: Some("m1".to_owned()),
    }
}
