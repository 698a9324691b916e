//! Streams that are cut come back where they were.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};
use vwm_api::{Event, EventBody, Prompt, SessionId, TurnId};
use vwm_client::{Client, ClientError, Watched};

/// What a connection does after its frames.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Break,
    Close,
}

/// A server that plays one connection after the other, and notes how it was asked.
struct Server {
    connections: Mutex<std::vec::IntoIter<(String, Then)>>,
    asked: Mutex<Vec<String>>,
    session: SessionId,
}

impl Server {
    async fn start(connections: Vec<(String, Then)>) -> (Arc<Self>, Client) {
        let server = Arc::new(Self {
            connections: Mutex::new(connections.into_iter()),
            asked: Mutex::default(),
            session: SessionId::new(),
        });
        let app = Router::new()
            .route("/sessions/{id}", get(session))
            .route("/sessions/{id}/events", get(events))
            .route("/sessions/{id}/stream", post(turn))
            .route("/sessions/{id}/requests/{turn}/events", get(events_of_turn))
            .route("/sessions/{id}/requests/{turn}", get(request))
            .with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (server, Client::new(&url, "sk-test").unwrap())
    }

    /// Whether all has happened: what is left to be said is said by the last connection.
    fn is_over(&self) -> bool {
        self.connections.lock().unwrap().len() <= 1
    }

    fn play(&self) -> Response {
        let next = self.connections.lock().unwrap().next();
        let (frames, then) = next.expect("a connection was played for each that was made");
        let body = Body::from_stream(stream::once(async { Ok(frames) }).chain(
            stream::iter((then == Then::Break).then_some(())).then(|()| async {
                // What was said before goes out first.
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            }),
        ));
        ([("content-type", "text/event-stream")], body).into_response()
    }
}

async fn events(
    State(server): State<Arc<Server>>,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
) -> Response {
    let asked = format!("after {}", query["after"]);
    server.asked.lock().unwrap().push(asked);
    server.play()
}

async fn events_of_turn(
    State(server): State<Arc<Server>>,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
) -> Response {
    let asked = format!("of the turn, after {}", query["after"]);
    server.asked.lock().unwrap().push(asked);
    server.play()
}

async fn request(
    State(server): State<Arc<Server>>,
    Path((session, turn)): Path<(SessionId, TurnId)>,
) -> Json<Value> {
    let status = if server.is_over() {
        "failed"
    } else {
        "running"
    };
    Json(json!({
        "requestId": turn, "status": status, "subsessionId": session, "createdAt": "2026-01-01T00:00:00Z", "answer": null,
    }))
}

async fn turn(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Json(prompt): Json<Prompt>,
) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap();
    let asked = format!("{} with {key}", prompt.prompt);
    server.asked.lock().unwrap().push(asked);
    server.play()
}

async fn session(State(server): State<Arc<Server>>) -> Json<Value> {
    let is_over = server.is_over();
    Json(json!({
        "id": server.session, "workerId": server.session, "workerRevision": 1,
        "status": if is_over { "ended" } else { "active" }, "statusReason": null, "endStep": null, "repository": null,
        "breadcrumbs": [], "timeout": 3600, "autoDeleteBranch": false, "wall": null, "createdAt": "2026-01-01T00:00:00Z",
        "lastActivityAt": "2026-01-01T00:00:00Z", "endedAt": null, "activeSeconds": 0, "warnings": [], "statusSince": "2026-01-01T00:00:00Z",
    }))
}

fn text(seq: i64, text: &str, turn: Option<TurnId>) -> String {
    let data = json!({ "type": "text", "data": text, "requestId": turn });
    format!(": a comment\n\nid: {seq}\ndata: {data}\n\n")
}

fn failed(seq: i64, turn: TurnId) -> String {
    let error =
        json!({ "status": "failed", "message": "no", "code": "engine_failed", "retryable": false });
    let data = json!({ "type": "error", "data": error, "requestId": turn });
    format!("id: {seq}\ndata: {data}\n\n")
}

fn told(events: &[Result<Event, ClientError>]) -> Vec<(i64, String)> {
    let one = |event: &Result<Event, ClientError>| {
        let event = event.as_ref().expect("no error");
        let text = match &event.body {
            EventBody::Text(text) => text.clone(),
            other => format!("{other:?}").chars().take(5).collect(),
        };
        (event.seq, text)
    };
    events.iter().map(one).collect()
}

#[tokio::test]
async fn a_cut_stream_goes_on_where_it_was_with_nothing_twice() {
    let unknown = "id: 3\ndata: {\"type\":\"hologram\",\"data\":{}}\n\n";
    let (server, client) = Server::start(vec![
        (text(1, "a", None) + &text(2, "b", None), Then::Break),
        (
            text(2, "b", None) + unknown + &text(4, "c", None) + "id: 5\ndata: {\"ty",
            Then::Break,
        ),
        (text(5, "d", None), Then::Close),
        (text(6, "e", None), Then::Close),
        (text(7, "what came with the end", None), Then::Close),
    ])
    .await;
    let events: Vec<_> = client.events(server.session, 0).collect().await;
    let last = (7, "what came with the end");
    let expected = [(1, "a"), (2, "b"), (4, "c"), (5, "d"), (6, "e"), last];
    assert_eq!(told(&events), expected.map(|(n, it)| (n, it.to_owned())));
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(
        asked,
        ["after 0", "after 2", "after 4", "after 5", "after 6"]
    );
}

#[tokio::test]
async fn a_prompt_whose_stream_is_cut_is_asked_again_with_its_key_and_then_read_as_its_turn() {
    let turn = TurnId::new();
    let (server, client) = Server::start(vec![
        (String::new(), Then::Break),
        (text(7, "a", Some(turn)), Then::Break),
        (text(10, "b", Some(turn)) + &failed(11, turn), Then::Break),
    ])
    .await;
    let prompt = Prompt {
        prompt: "work".into(),
        subsession_id: None,
        timeout: None,
        breadcrumbs: Vec::new(),
        on_busy: vwm_api::OnBusy::Queue,
    };
    let client = client.idempotent("k");
    let events: Vec<_> = client.stream(server.session, &prompt).collect().await;
    let expected = [(7, "a"), (10, "b"), (11, "Error")];
    assert_eq!(told(&events), expected.map(|(n, it)| (n, it.to_owned())));
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(
        asked,
        ["work with k", "work with k", "of the turn, after 7"]
    );
}

#[tokio::test]
async fn events_that_are_no_longer_kept_are_told_as_a_gap_and_the_stream_goes_on_behind_them() {
    let gap = "id: 40\ndata: {\"type\":\"gap\",\"data\":{\"from\":1,\"to\":40}}\n\n";
    let (server, client) = Server::start(vec![
        (gap.to_owned(), Then::Break),
        (text(41, "a", None), Then::Close),
        (String::new(), Then::Close),
    ])
    .await;
    let events: Vec<_> = client.events(server.session, 0).collect().await;
    let expected = [(40, "Gap {"), (41, "a")];
    assert_eq!(told(&events), expected.map(|(n, it)| (n, it.to_owned())));
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked, ["after 0", "after 40", "after 41"]);
}

#[tokio::test]
async fn one_who_watches_is_told_of_each_loss_and_return() {
    let (server, client) = Server::start(vec![
        (text(1, "a", None), Then::Break),
        (text(2, "b", None), Then::Close),
        (String::new(), Then::Close),
    ])
    .await;
    let watched: Vec<_> = client.watch(server.session, 0).collect().await;
    let told: Vec<_> = watched
        .iter()
        .map(|it| match it {
            Ok(Watched::Event(event)) => format!("event {}", event.seq),
            Ok(Watched::Lost(error)) => format!("lost {}", error.is_passing()),
            Ok(Watched::Back) => "back".to_owned(),
            Err(error) => panic!("{error}"),
        })
        .collect();
    assert_eq!(told, ["event 1", "lost true", "back", "event 2"]);
}

#[tokio::test]
async fn a_turn_that_is_over_has_nothing_after_its_last_event() {
    let nothing = || (String::new(), Then::Close);
    let (server, client) = Server::start(vec![nothing(), nothing()]).await;
    let watched = client.watch_request(server.session, TurnId::new(), 11);
    let watched: Vec<_> = watched.collect().await;
    assert!(watched.is_empty(), "{watched:?}");
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked, ["of the turn, after 11", "of the turn, after 11"]);
}

#[tokio::test]
async fn a_server_that_never_was_there_is_told_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(&url, "sk-test").unwrap();
    let events: Vec<_> = client.events(SessionId::new(), 0).collect().await;
    assert_eq!(events.len(), 1);
    let error = events[0].as_ref().expect_err("nobody is there");
    assert!(error.is_unreachable());
    assert_eq!(
        error.to_string(),
        format!("cannot connect to {url}; is it running?")
    );
}
