//! Paths that no harness is asked about.

use std::sync::atomic::Ordering;

use axum::body::Body;
use serde_json::json;

use super::harness::start;
use super::{calls, send};

#[tokio::test]
async fn a_path_that_leaves_the_workspace_in_plain_sight_reaches_no_harness() {
    let (app, script, id) = start().await;
    // Whoever asks for a job would wait for it.
    script.starting.store(usize::MAX, Ordering::Relaxed);
    let long = "a/".repeat(2048) + "a";
    let hostile = [
        "../x",
        "..",
        "a/../../x",
        "a/..",
        "%2e%2e/x",
        "a/%2E%2E/x",
        "..%2fx",
        "a%2f..%2fx",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "a%00b",
        "%00",
        "%ff",
        "a/%C3%28",
        &long,
    ];
    for path in hostile {
        for (method, call) in calls(id, path) {
            let reply = send(&app, &app.key, method, &call, Body::from("x")).await;
            assert_eq!(reply.status, 400, "{method} {call}: {reply}");
            assert_eq!(
                reply.faults(),
                [("path", "invalid_string")],
                "{method} {call}"
            );
        }
    }
    let upload = format!("/sessions/{id}/files/upload");
    for query in ["", "?path=", "?name=a"] {
        let reply = send(
            &app,
            &app.key,
            "POST",
            &format!("{upload}{query}"),
            Body::empty(),
        )
        .await;
        assert_eq!(
            (reply.status.as_u16(), reply.faults()[0].0),
            (400, "path"),
            "{query}"
        );
    }
    let changes = app.get(&format!("/sessions/{id}/file-changes")).await;
    assert_eq!(changes.body, json!([]));
}
