//! The harness client over a UNIX socket.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, put};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::io::AsyncReadExt;
use vwm_api::harness::{Entry, TurnAck};
use vwm_api::{TurnId, TurnStatus};
use vwm_client::{ClientError, Endpoint, Harness};

const RECORDS: &str = ": hello\n\nid: 5\ndata: {\"n\":5,\"at\":\"2026-01-01T00:00:00Z\",\"generation\":2,\"record\":\"sent\",\"turn\":\"01970000-0000-7000-8000-000000000000\"}\n\nid: 6\ndata: {\"n\":6,\"at\"";

async fn abort(headers: HeaderMap, Path(_): Path<TurnId>) -> Response {
    if headers["authorization"] != "Bearer secret" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if headers["x-vwm-generation"] != "2" {
        let body = json!({ "error": "a newer generation owns this session" });
        return (StatusCode::CONFLICT, Json(body)).into_response();
    }
    let ack = TurnAck {
        status: TurnStatus::Cancelled,
    };
    Json(ack).into_response()
}

async fn collected(Path(name): Path<String>) -> Response {
    let first = stream::once(async { Ok(Bytes::from(name)) });
    let rest = stream::once(async {
        // What was said before goes out first.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("the disk went away"))
    });
    Body::from_stream(first.chain(rest)).into_response()
}

fn start(dir: &tempfile::TempDir) -> Harness {
    let app = Router::new()
        .route("/turns/{id}/abort", put(abort))
        .route("/events", get(|| async { RECORDS }))
        .route("/collected/{name}", get(collected));
    serve(dir, app)
}

fn serve(dir: &tempfile::TempDir, app: Router) -> Harness {
    let path = dir.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Harness {
        endpoint: Endpoint::Unix(path),
        token: "secret".into(),
        generation: 2,
    }
}

#[tokio::test]
async fn token_and_generation_go_with_each_call_and_a_fence_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let harness = start(&dir);
    let ack = harness.abort_turn(TurnId::new()).await.expect("it is ours");
    assert_eq!(ack.status, TurnStatus::Cancelled);

    let stale = Harness {
        generation: 1,
        ..harness.clone()
    };
    let error = stale.abort_turn(TurnId::new()).await.expect_err("fenced");
    assert!(error.is_conflict() && !error.is_unreachable());
    assert_eq!(error.to_string(), "a newer generation owns this session");

    let nobody = Harness {
        endpoint: Endpoint::Unix(dir.path().join("other")),
        ..harness
    };
    let error = nobody.health().await.expect_err("nobody is there");
    assert!(error.is_unreachable());
    assert!(!format!("{nobody:?}").contains("secret"));
}

#[tokio::test]
async fn records_come_one_by_one_and_half_a_record_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<_> = start(&dir).records(4).collect().await;
    assert_eq!(records.len(), 1);
    let record = records[0].as_ref().expect("a record");
    assert_eq!(record.n, 5);
    assert!(matches!(record.entry, Entry::Sent { .. }));
}

#[tokio::test]
async fn what_was_collected_and_cut_is_an_error_and_its_name_survives_the_path() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = start(&dir).collected("a ü/b.jsonl").await.expect("there");
    let first = bytes.try_next().await.expect("the first piece");
    assert_eq!(first.expect("not the end"), "a ü/b.jsonl".as_bytes());
    let cut = bytes.try_next().await.expect_err("the rest never came");
    assert!(matches!(cut, ClientError::Lost { .. }));
}

#[tokio::test]
async fn a_file_is_sent_under_its_name_and_a_body_that_fails_is_no_end_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let write = async |query: RawQuery, body: Bytes| {
        assert_eq!(query.0.as_deref(), Some("path=a%20%C3%BC%2B%2Fb%26c&max=9"));
        Json(json!({ "bytes": body.len() }))
    };
    let harness = serve(&dir, Router::new().route("/file", put(write)));
    let pieces = || stream::iter(["on", "e"]).map(|it| Ok::<_, &str>(Bytes::from(it)));
    let written = harness.write_file("a ü+/b&c", 9, pieces()).await;
    assert_eq!(written.expect("all came").bytes, 3);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let harness = Harness {
        endpoint: Endpoint::Unix(path),
        ..harness
    };
    let (came, all_came) = tokio::sync::oneshot::channel();
    let failing = pieces().chain(stream::once(async {
        all_came.await.expect("it listens");
        Err("the client went away")
    }));
    let said = async {
        let (mut socket, _) = listener.accept().await.expect("it comes");
        let mut said = Vec::new();
        while !said.ends_with(b"e\r\n") {
            socket.read_buf(&mut said).await.expect("it sends");
        }
        came.send(()).expect("it is waited for");
        socket.read_to_end(&mut said).await.expect("it ends");
        String::from_utf8(said).expect("text")
    };
    let (lost, said) = tokio::join!(harness.write_file("x", 9, failing), said);
    assert!(matches!(lost, Err(ClientError::Lost { .. })), "{lost:?}");
    assert!(said.starts_with("PUT /file?path=x&max=9 "), "{said}");
    assert!(!said.ends_with("0\r\n\r\n"), "it looks whole: {said}");
}

#[tokio::test(start_paused = true)]
async fn a_file_call_is_given_up_after_a_minute_of_silence_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let slow = |pieces: u32| {
        stream::iter(0..pieces).then(async |n| {
            tokio::time::sleep(Duration::from_secs(50)).await;
            Ok::<_, std::io::Error>(Bytes::from(n.to_string()))
        })
    };
    let read = async move || {
        let body = Body::from_stream(slow(3).chain(stream::pending()));
        ([("content-length", "9")], body)
    };
    let write = async |body: Body| {
        let read = body.into_data_stream().try_collect::<Vec<Bytes>>().await;
        Json(json!({ "bytes": read.map_or(0, |pieces| pieces.concat().len()) }))
    };
    let harness = serve(&dir, Router::new().route("/file", get(read).put(write)));
    let (length, bytes) = harness.read_file("x").await.expect("it opens");
    assert_eq!(length, 9);
    let told: Vec<_> = bytes.collect().await;
    let (last, pieces) = told.split_last().expect("not empty");
    let pieces: Vec<&Bytes> = pieces.iter().map(|it| it.as_ref().expect("came")).collect();
    assert_eq!(pieces, ["0", "1", "2"]);
    assert!(matches!(last, Err(ClientError::Silent { .. })), "{last:?}");

    let written = harness.write_file("x", 9, slow(3)).await;
    assert_eq!(written.expect("slow, and not silent").bytes, 3);
    let silent = harness
        .write_file("x", 9, slow(2).chain(stream::pending()))
        .await;
    assert!(
        matches!(silent, Err(ClientError::Silent { .. })),
        "{silent:?}"
    );
}
