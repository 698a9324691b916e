//! A server that plays one answer after the other, and notes what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use vwm_client::Client;

/// The server.
pub(crate) struct Played {
    answers: Mutex<VecDeque<Response>>,
    asked: Mutex<Vec<String>>,
}

impl Played {
    /// Starts it; it answers so often, and no oftener.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Response>) -> (Arc<Self>, Client) {
        let played = Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
        });
        let app = Router::new().fallback(answer).with_state(played.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (played, Client::new(&url, "sk-test").unwrap())
    }

    /// What it was asked: method, path with query, body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(played): State<Arc<Played>>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await;
    let Ok(body) = body else {
        played.asked.lock().unwrap().push(line + " broken off");
        return StatusCode::BAD_REQUEST.into_response();
    };
    let line = format!("{line} {}", String::from_utf8_lossy(&body));
    let line = line.trim_end().to_owned();
    let next = played.answers.lock().unwrap().pop_front();
    let next = next.unwrap_or_else(|| panic!("it is asked once too often: {line}"));
    played.asked.lock().unwrap().push(line);
    next
}

/// An answer of JSON.
pub(crate) fn json(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap().into_response()
}

/// An answer of these bytes.
pub(crate) fn text(body: impl Into<Body>) -> Response {
    Response::new(body.into())
}

/// An answer that is cut off behind these bytes.
pub(crate) fn cut(body: &'static str) -> Response {
    let first = stream::once(async move { Ok(Bytes::from_static(body.as_bytes())) });
    let then = stream::once(async {
        // What was said before goes out first.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    text(Body::from_stream(first.chain(then)))
}
