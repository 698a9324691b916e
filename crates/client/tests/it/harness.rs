//! The harness client over a UNIX socket.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, put};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
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
    let path = dir.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let app = Router::new()
        .route("/turns/{id}/abort", put(abort))
        .route("/events", get(|| async { RECORDS }))
        .route("/collected/{name}", get(collected));
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
