//! A stream that is cut twenty times gives each event once, wherever it comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Json, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use vwm_api::{Event, OnBusy, Prompt, SessionId, TurnId};
use vwm_client::{Client, ClientError, Watched};

const EVENTS: usize = 60;
const CUTS: usize = 20;

/// A server that knows all events, and cuts its first connections in the middle of a frame.
struct Cutting {
    turn: TurnId,
    connections: AtomicUsize,
}

impl Cutting {
    async fn start() -> (Arc<Self>, Client) {
        let server = Arc::new(Self {
            turn: TurnId::new(),
            connections: AtomicUsize::new(0),
        });
        let app = Router::new().fallback(answer).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (server, Client::new(&url, "sk-test").unwrap())
    }

    fn frame(&self, seq: usize) -> String {
        let error = json!({"status": "failed", "message": "no", "code": "engine_failed", "retryable": false});
        let data = if seq == EVENTS {
            json!({"type": "error", "data": error, "requestId": self.turn})
        } else {
            json!({"type": "text", "data": format!("{seq}"), "requestId": self.turn})
        };
        format!("id: {seq}\ndata: {data}\n\n")
    }

    /// From the last one that the client has, which it has then twice.
    fn play(&self, after: usize) -> Response {
        let first = after.max(1);
        if self.connections.fetch_add(1, Ordering::Relaxed) >= CUTS {
            let rest: String = (first..=EVENTS).map(|seq| self.frame(seq)).collect();
            return rest.into_response();
        }
        let mut some: String = (first..after + 3).map(|seq| self.frame(seq)).collect();
        some += "id: 9\ndata: {\"type\":\"te";
        let then = stream::once(async {
            // What was said before goes out first.
            tokio::task::yield_now().await;
            Err(std::io::Error::other("cut"))
        });
        let body = stream::once(async { Ok(some) }).chain(then);
        Body::from_stream(body).into_response()
    }
}

async fn answer(
    State(server): State<Arc<Cutting>>,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Response {
    let after = query.as_deref().and_then(|it| it.strip_prefix("after="));
    match after {
        Some(after) => server.play(after.parse().unwrap()),
        None if uri.path().ends_with("/stream") => server.play(0),
        None => Json(ended()).into_response(),
    }
}

fn ended() -> Value {
    let id = SessionId::new();
    json!({
        "id": id, "workerId": id, "workerRevision": 1, "status": "ended", "statusReason": null, "endStep": null,
        "repository": null, "breadcrumbs": [], "timeout": 3600, "autoDeleteBranch": false, "wall": null,
        "createdAt": "2026-01-01T00:00:00Z", "lastActivityAt": "2026-01-01T00:00:00Z", "endedAt": null,
        "activeSeconds": 0, "warnings": [], "statusSince": "2026-01-01T00:00:00Z",
    })
}

fn each_once(server: &Cutting, events: &[Result<Event, ClientError>]) {
    let seqs = events.iter().map(|it| it.as_ref().expect("no error").seq);
    let all = 1..=i64::try_from(EVENTS).expect("few");
    assert_eq!(seqs.collect::<Vec<_>>(), all.collect::<Vec<_>>());
    let connections = server.connections.load(Ordering::Relaxed);
    assert!(connections > CUTS, "it was cut {connections} times only");
}

#[tokio::test]
async fn a_sessions_stream_that_is_cut_twenty_times_gives_each_event_once() {
    let (server, client) = Cutting::start().await;
    let events: Vec<_> = client.events(SessionId::new(), 0).collect().await;
    each_once(&server, &events);
}

#[tokio::test]
async fn a_prompts_stream_that_is_cut_twenty_times_gives_each_event_once() {
    let (server, client) = Cutting::start().await;
    let prompt = Prompt {
        prompt: "work".into(),
        subsession_id: None,
        timeout: None,
        breadcrumbs: Vec::new(),
        on_busy: OnBusy::Queue,
    };
    let events: Vec<_> = client.stream(SessionId::new(), &prompt).collect().await;
    each_once(&server, &events);
}

#[tokio::test]
async fn a_requests_stream_that_is_cut_twenty_times_gives_each_event_once() {
    let (server, client) = Cutting::start().await;
    let watched = client.watch_request(SessionId::new(), server.turn, 0);
    let events = watched.filter_map(async |it| match it {
        Ok(Watched::Event(event)) => Some(Ok(event)),
        Ok(Watched::Lost(_) | Watched::Back) => None,
        Err(error) => Some(Err(error)),
    });
    let events: Vec<_> = events.collect().await;
    each_once(&server, &events);
}
