//! Files go up and down as they are, or not at all.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;
use vwm_api::{FileChangeId, KeyId, SessionId, WorkerId, chain};
use vwm_client::ClientError;

use crate::played::{Played, cut, empty, json, text};

#[tokio::test]
async fn a_path_reaches_the_server_to_the_letter_and_one_that_cannot_is_not_sent() {
    let answers = [
        empty(204),
        text("new"),
        text("kept"),
        empty(204),
        empty(204),
    ];
    let (server, client) = Played::start(answers).await;
    let id = SessionId::new();
    let odd = "a b/ü%/?#\n";
    client.write_file(id, odd, "x").await.expect("it is taken");
    let read = client.read_file(id, odd).await.expect("it is there");
    assert_eq!(read, "new");
    let read = client.read_file(id, "download/x").await;
    assert_eq!(read.expect("it is there"), "kept");
    client.delete_file(id, odd).await.expect("it is taken");
    client
        .upload_bytes(id, "a&b=../c d", "y")
        .await
        .expect("it is taken");
    for path in ["", "..", "a/../../b", "./a"] {
        let error = client.read_file(id, path).await.expect_err("no such path");
        assert!(matches!(error, ClientError::Path { .. }), "{error}");
    }
    let encoded = "a%20b/%C3%BC%25/%3F%23%0A";
    let files = format!("/sessions/{id}/files");
    assert_eq!(
        server.asked(),
        [
            format!("PUT {files}/{encoded} x"),
            format!("GET {files}/download/{encoded}"),
            format!("GET {files}/download/download/x"),
            format!("DELETE {files}/{encoded}"),
            format!("POST {files}/upload?path=a%26b%3D..%2Fc+d y"),
        ]
    );
}

#[tokio::test]
async fn a_write_is_sent_again_and_a_stream_is_not() {
    let busy = || json(503, json!({"error": "busy"}));
    let (server, client) = Played::start([busy(), empty(204), busy()]).await;
    let client = client.patient(Duration::from_secs(60));
    let id = SessionId::new();
    client
        .write_file(id, "a", "x")
        .await
        .expect("the second time");
    let content: &[u8] = b"from a reader";
    let error = client.upload_from(id, "b", content).await;
    assert_eq!(error.expect_err("it is sent once").status(), Some(503));
    let write = format!("PUT /sessions/{id}/files/a x");
    let upload = format!("POST /sessions/{id}/files/upload?path=b from a reader");
    assert_eq!(server.asked(), [write.clone(), write, upload]);
}

#[tokio::test]
async fn content_that_breaks_off_is_told_apart_from_a_connection_that_does() {
    let (server, client) = Played::start([]).await;
    let pieces = [
        Ok(Bytes::from_static(b"half of it")),
        Err(io::Error::other("the disk is gone")),
    ];
    let id = SessionId::new();
    let error = client.upload_file(id, "a", stream::iter(pieces)).await;
    let error = error.expect_err("it is not whole");
    assert!(matches!(error, ClientError::Content { .. }), "{error:?}");
    assert!(chain(&error).ends_with(": the disk is gone"), "{error:?}");
    // If the server saw any of it, then that it broke off.
    let asked = server.asked();
    assert!(
        asked.iter().all(|it| it.ends_with("broken off")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn every_file_change_is_told_however_many_pages_that_takes() {
    let change = |_| {
        json!({
            "id": FileChangeId::new(), "sessionId": SessionId::new(), "workerId": WorkerId::new(), "keyId": KeyId::new(),
            "breadcrumbs": [], "action": "write", "path": "a", "bytes": 1, "status": "done", "error": null,
            "createdAt": "2026-01-01T00:00:00Z", "completedAt": null,
        })
    };
    let all: Vec<_> = (0..1001).map(change).collect();
    let pages = [json(200, all[..1000].into()), json(200, all[1000..].into())];
    let (server, client) = Played::start(pages).await;
    let id = SessionId::new();
    let changes = client.file_changes(id).await.expect("they are told");
    let ids = changes.iter().map(|change| change.id.to_string());
    assert!(
        ids.eq(all
            .iter()
            .map(|change| change["id"].as_str().expect("an id").to_owned()))
    );
    let first = format!("GET /sessions/{id}/file-changes?limit=1000");
    let second = format!("{first}&after={}", changes[999].id);
    assert_eq!(server.asked(), [first, second]);
}

#[tokio::test]
async fn a_download_that_is_cut_ends_with_an_error_and_is_no_file() {
    let (_, client) = Played::start([cut("the first half"), cut("the first half")]).await;
    let id = SessionId::new();
    let stream = client.download_file(id, "a").await.expect("it begins");
    let pieces: Vec<_> = stream.collect().await;
    let last = pieces.last().expect("there is one").as_ref();
    assert!(matches!(last, Err(ClientError::Lost { .. })), "{pieces:?}");
    assert_eq!(pieces.iter().filter(|it| it.is_err()).count(), 1);
    let error = client.read_file(id, "a").await.expect_err("it is half");
    assert!(matches!(error, ClientError::Lost { .. }));
}
