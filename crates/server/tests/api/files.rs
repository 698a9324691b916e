//! The file calls: which sessions serve them, which paths, what a harness's answer becomes, and what is recorded.

mod harness;
mod paths;

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::Request;
use http_body_util::BodyExt;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{Role, SessionId, SessionStatus};

use crate::kit::{Reply, TestApp};
use harness::{start, start_with};

/// Sends bytes as the admin, or as somebody else.
async fn send(app: &TestApp, key: &str, method: &str, path: &str, body: Body) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-api-key", key)
        .header("content-type", "application/x-anything")
        .body(body);
    let answer = app.raw(request.expect("a request"));
    let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
    answer.expect("an answer within 20 s")
}

/// Every call, for one path.
fn calls(session: SessionId, path: &str) -> [(&'static str, String); 6] {
    let files = format!("/sessions/{session}/files");
    [
        ("GET", format!("{files}?path={path}")),
        ("GET", format!("{files}/{path}")),
        ("GET", format!("{files}/download/{path}")),
        ("PUT", format!("{files}/{path}")),
        ("DELETE", format!("{files}/{path}")),
        ("POST", format!("{files}/upload?path={path}")),
    ]
}

#[tokio::test]
async fn only_a_session_with_a_workspace_serves_files() {
    use SessionStatus::{Ended, Ending, Failed, Pending};
    let mut told = String::new();
    for status in [Pending, Failed, Ending, Ended] {
        let app = TestApp::start().await;
        let id = app.session(status).await;
        let mut all = Vec::new();
        for (method, path) in calls(id, "a.md") {
            all.push(send(&app, &app.key, method, &path, Body::from("x")).await);
        }
        all.dedup_by_key(|reply| reply.to_string());
        assert_eq!(all.len(), 1, "all say the same of {status:?}");
        told += &format!("{}\n", all[0]);
        let changes = app.get(&format!("/sessions/{id}/file-changes")).await;
        assert_eq!(changes.body, json!([]));
    }
    assert_snapshot!(told, @r#"
    409 {
      "error": "Session is not active: it is pending; wait until it is active"
    }
    409 {
      "error": "Session is not active: it failed, and its folder is gone with all its files; start another"
    }
    409 {
      "error": "Session is not active: it is ending; start another"
    }
    409 {
      "error": "Session is not active: it is ended; start another"
    }
    "#);
    let app = TestApp::start().await;
    for (method, path) in calls(SessionId::new(), "../x") {
        let reply = send(&app, &app.key, method, &path, Body::empty()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text("error")),
            (404, "Session not found"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn what_is_written_is_read_to_the_byte() {
    let (app, script, id) = start().await;
    let files = format!("/sessions/{id}/files");
    let bytes: Vec<u8> = (0..3 << 20).map(|n: u32| (n % 251) as u8).collect();
    let path = format!("{files}/a/b%20c.bin");
    let put = send(&app, &app.key, "PUT", &path, bytes.clone().into()).await;
    assert_eq!(put.status, 204);
    assert!(script.files.lock().unwrap()["a/b c.bin"] == bytes);
    let open = async |method: &str, path: String| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("x-api-key", &app.key).body(Body::empty());
        let (parts, body) = app.open(request.unwrap()).await.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let mut headers: Vec<_> = parts
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        (parts.status.as_u16(), headers.join("\n"), bytes)
    };
    let (status, headers, read) = open("GET", format!("{files}/a/b%20c.bin")).await;
    assert!(status == 200 && read == bytes);
    assert_snapshot!(headers, @r#"
    cache-control: no-store
    content-length: 3145728
    content-type: text/plain; charset=utf-8
    x-content-type-options: nosniff
    "#);
    let (status, of_head, none) = open("HEAD", format!("{files}/a/b%20c.bin")).await;
    assert!(status == 200 && none.is_empty());
    assert_eq!(of_head, headers);

    let name = "caf%C3%A9%20%22x%22%0d%0a%25.md";
    let upload = format!("{files}/upload?path={name}");
    assert_eq!(
        send(&app, &app.key, "POST", &upload, "{}".into())
            .await
            .status,
        204
    );
    let (status, headers, read) = open("GET", format!("{files}/download/{name}")).await;
    assert_eq!((status, &read[..]), (200, &b"{}"[..]));
    assert_snapshot!(headers, @r#"
    cache-control: no-store
    content-disposition: attachment; filename="caf_ _x____.md"; filename*=UTF-8''caf%C3%A9%20%22x%22%0D%0A%25.md
    content-length: 2
    content-type: application/octet-stream
    x-content-type-options: nosniff
    "#);

    // Files whose names are those of calls are reached by what the calls leave.
    for (path, other) in [
        ("upload", "GET"),
        ("download", "GET"),
        ("download/x", "PUT"),
    ] {
        let put = send(
            &app,
            &app.key,
            "PUT",
            &format!("{files}/{path}"),
            path.into(),
        )
        .await;
        assert_eq!(put.status, 204, "{path}");
        if other == "GET" {
            assert_eq!(open("GET", format!("{files}/{path}")).await.2, path);
        }
        assert_eq!(
            open("GET", format!("{files}/download/{path}")).await.2,
            path
        );
        let url = format!("{files}/{path}");
        let deleted = send(&app, &app.key, "DELETE", &url, Body::empty()).await;
        assert_eq!(deleted.status, 204, "{path}");
        assert!(!script.files.lock().unwrap().contains_key(path));
    }
    let gone = send(
        &app,
        &app.key,
        "DELETE",
        &format!("{files}/upload"),
        Body::empty(),
    )
    .await;
    assert_eq!(
        (gone.status.as_u16(), gone.text("error")),
        (404, "File not found")
    );
}

#[tokio::test]
async fn a_refusal_of_the_harness_keeps_its_meaning() {
    let (app, _, id) = start().await;
    let mut told = String::new();
    for status in [400, 403, 404, 409, 413, 507, 500, 418] {
        let mut all = Vec::new();
        for (method, path) in calls(id, &format!("says-{status}")) {
            let mut reply = send(&app, &app.key, method, &path, Body::from("x")).await;
            if let Some(body) = reply.body.as_object_mut() {
                body.remove("requestId");
            }
            all.push(reply.to_string());
        }
        all.dedup();
        assert_eq!(all.len(), 1, "{all:?}");
        told += &format!("{status} is {}\n", all[0]);
    }
    assert_snapshot!(told, @r#"
    400 is 400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "path",
          "message": "it says 400",
          "code": "invalid_string"
        }
      ]
    }
    403 is 403 {
      "error": "Forbidden: it says 403"
    }
    404 is 404 {
      "error": "File not found"
    }
    409 is 409 {
      "error": "it says 409"
    }
    413 is 413 {
      "error": "Payload too large: it says 413"
    }
    507 is 503 {
      "error": "Service unavailable: the disk of the session's workspace is full; make room, and send it again (it says 507)"
    }
    500 is 500 {
      "error": "Internal error"
    }
    418 is 500 {
      "error": "Internal error"
    }
    "#);
}

#[tokio::test]
async fn every_write_is_recorded_with_its_key_and_its_end() {
    let (app, _, id) = start_with(4).await;
    let writer = app.key_of(Role::Session).await;
    let reader = app.key_of(Role::Read).await;
    let files = format!("/sessions/{id}/files");
    let say = async |key: &str, method: &str, path: &str, body: Body| {
        send(&app, key, method, &format!("{files}{path}"), body)
            .await
            .status
            .as_u16()
    };
    assert_eq!(say(&writer, "PUT", "/a", "abcd".into()).await, 204);
    for (method, path) in calls(id, "a") {
        let status = send(&app, &reader, method, &path, Body::from("x"))
            .await
            .status;
        assert_eq!(
            status.as_u16(),
            if method == "GET" { 200 } else { 403 },
            "{method} {path}"
        );
    }
    // Told beforehand, then found out on the way, then broken off.
    assert_eq!(say(&app.key, "PUT", "/a", "abcde".into()).await, 413);
    let pieces = |last: Result<Bytes, std::io::Error>| {
        Body::from_stream(stream::iter([Ok(Bytes::from("ab")), last]))
    };
    let large = pieces(Ok(Bytes::from("cde")));
    assert_eq!(say(&app.key, "POST", "/upload?path=a", large).await, 413);
    let broken = pieces(Err(std::io::Error::other("reset")));
    assert_eq!(say(&writer, "POST", "/upload?path=a", broken).await, 400);
    assert_eq!(
        say(&writer, "POST", "/upload?path=says-403", "x".into()).await,
        403
    );
    assert_eq!(say(&writer, "DELETE", "/a", Body::empty()).await, 204);

    let record = app.get(&format!("/sessions/{id}/file-changes")).await;
    let rows = record.body.as_array().expect("a list");
    let line = |row: &Value| {
        let of = |name: &str| row[name].to_string().replace('"', "");
        let names = ["action", "path", "status", "bytes", "error"];
        names.map(of).join(" ")
    };
    let lines: Vec<_> = rows.iter().map(line).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    write a done 4 null
    upload a failed null Payload too large: a file has at most 4 bytes here; send less, or have the server started with a larger --upload-max
    upload a failed null the body broke off, and nothing is changed; send it again
    upload says-403 failed null it says 403
    delete a done null null
    "#);
    assert_ne!(rows[0]["keyId"], rows[1]["keyId"]);
    assert_eq!(rows[0]["keyId"], rows[4]["keyId"]);

    let page = format!(
        "/sessions/{id}/file-changes?limit=2&after={}",
        rows[0]["id"].as_str().unwrap()
    );
    assert_eq!(app.get(&page).await.body, json!(rows[1..3]));
    for query in ["limit=0", "limit=1001", "limit=x", "after=x"] {
        let reply = app
            .get(&format!("/sessions/{id}/file-changes?{query}"))
            .await;
        let name = query.split('=').next().unwrap();
        assert_eq!((reply.status.as_u16(), reply.faults()[0].0), (400, name));
    }
}

#[tokio::test]
async fn a_call_waits_for_the_job_of_its_own_generation_and_counts_as_activity() {
    let (app, script, id) = start().await;
    let before = app.app.store.session(id).await.unwrap().unwrap();
    script.starting.store(2, Ordering::Relaxed);
    script.foreign.store(2, Ordering::Relaxed);
    let list = app.get(&format!("/sessions/{id}/files")).await;
    assert_eq!((list.status.as_u16(), list.text("path")), (200, "."));
    let after = app.app.store.session(id).await.unwrap().unwrap();
    assert!(before.session.last_activity_at < after.session.last_activity_at);

    script.starting.store(usize::MAX, Ordering::Relaxed);
    let path = format!("/sessions/{id}/files/a");
    let waiting = app.get(&path);
    let stopping = async { app.app.stop.cancel() };
    let (told, ()) = tokio::join!(waiting, stopping);
    assert_snapshot!(told, @r#"
    503 {
      "error": "Service unavailable: the server stops; ask again when it is back"
    }
    "#);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_the_old_file_and_a_record_that_says_so() {
    let (app, script, id) = start().await;
    let path = format!("/sessions/{id}/files/a");
    assert_eq!(
        send(&app, &app.key, "PUT", &path, "old".into())
            .await
            .status,
        204
    );
    let (half, is_half) = tokio::sync::oneshot::channel::<()>();
    let mut half = Some(half);
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from("new"))]);
    let rest = stream::poll_fn(move |_| {
        // Asked for more: the first piece is on its way.
        if let Some(half) = half.take() {
            let _ = half.send(());
        }
        std::task::Poll::Pending
    });
    let body = Body::from_stream(first.chain(rest));
    tokio::select! {
        reply = send(&app, &app.key, "PUT", &path, body) => panic!("it was not whole: {reply}"),
        half = is_half => half.expect("it is asked for"),
    }
    let change = async {
        loop {
            let record = app.get(&format!("/sessions/{id}/file-changes")).await.body;
            if record[1]["status"] != "pending" {
                return record[1].clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let change = tokio::time::timeout(Duration::from_secs(20), change).await;
    let change = change.expect("an end within 20 s");
    assert_eq!(
        (&change["status"], &change["error"]),
        (
            &json!("failed"),
            &json!("the client hung up before the whole file was there")
        )
    );
    assert_eq!(script.files.lock().unwrap()["a"], b"old");
}
