//! The housekeeping: what goes by age and number, what nobody owns, and a disk that is too full.

use std::fs;
use std::path::PathBuf;

use axum::body::Body;
use http::Request;
use insta::assert_snapshot;
use serde_json::json;
use vwm_api::{SessionId, SessionStatus, Timestamp, Trigger};
use vwm_server::keeper;
use vwm_store::{EventsKept, Kept, NewSessionRow, SessionLimits};

use crate::kit::TestApp;

async fn number(app: &TestApp, name: &str) -> String {
    let request = Request::get("/metrics").header("x-api-key", &app.key);
    let page = app
        .raw(request.body(Body::empty()).expect("a request"))
        .await;
    let page = page.body.as_str().expect("text").to_owned();
    let mut lines = page.lines();
    let line = lines.find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {page}"))
        .to_owned()
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_and_says_what_to_do() {
    let app = TestApp::start_with(|config| config.limits.disk_reserve = u64::MAX).await;
    app.worker("bob").await;
    let reply = app.post("/sessions", json!({"workerName": "bob"})).await;
    assert_eq!(reply.status, 503);
    assert!(reply.headers.contains_key("retry-after"));
    let error = reply.text("error");
    assert!(
        error.starts_with("Service unavailable: the server's disk has "),
        "{error}"
    );
    assert!(error.contains("smaller --disk-reserve"), "{error}");
    let status = app.get("/status").await;
    let refuses = status.text("refusesSessions");
    assert!(refuses.starts_with("the server's disk has "), "{refuses}");
    let reply = app.get("/sessions").await;
    assert_eq!(reply.body["items"], json!([]));

    // One that was made while there was room.
    let worker = app.app.store.worker_by_name("bob").await.expect("a read");
    let new = NewSessionRow {
        id: SessionId::new(),
        worker_id: worker.expect("it was made").id,
        worker_revision: 1,
        repository: None,
        breadcrumbs: Vec::new(),
        timeout: 3600,
        auto_delete_branch: false,
        warnings: Vec::new(),
        limits: SessionLimits::default(),
    };
    let id = new.id;
    let made = app.app.store.create_session(new, None).await;
    made.expect("a session");
    let path = format!("/sessions/{id}/files/a.txt");
    let sent = app.put(&path, json!("content")).await;
    assert_snapshot!(sent, @r#"
    507 {
      "error": "Insufficient storage: the server's disk has room for 0 bytes more and keeps the rest for what runs; make room, and send it again"
    }
    "#);
}

#[tokio::test]
async fn the_oldest_events_of_a_session_go_and_the_rest_is_told() {
    let app = TestApp::start_with(|config| config.limits.events_max = 2).await;
    let id = app.session(SessionStatus::Active).await;
    app.complete_a_prompt(id).await;
    keeper::keep(&app.app).await.expect("it keeps house");
    assert_eq!(number(&app, "vwm_events_deleted_total").await, "2");
    app.trigger(id, Trigger::End).await;
    app.trigger(id, Trigger::Ended).await;
    keeper::keep(&app.app).await.expect("it keeps house");
    let events = app.get(&format!("/sessions/{id}/events")).await;
    let events = events.body.as_str().expect("text").to_owned();
    assert!(
        events.contains("\n\nid: 4\ndata: {\"type\":\"gap\",\"data\":{\"from\":1,\"to\":4}}\n\n"),
        "{events}"
    );
    assert!(events.contains("\"to\":\"ended\""), "{events}");
}

#[tokio::test]
async fn what_is_kept_no_longer_is_said_to_be_gone() {
    let app = TestApp::start().await;
    let id = app.session(SessionStatus::Active).await;
    app.complete_a_prompt(id).await;
    app.trigger(id, Trigger::End).await;
    app.trigger(id, Trigger::Ended).await;
    let store = &app.app.store;
    let hash = store.blobs().put(b"{}\n".to_vec()).await.expect("a blob");
    let added = store.add_collected(id, "transcript", "transcript.jsonl", hash, 3);
    added.await.expect("it is noted");
    let path = format!("/sessions/{id}/transcript");
    assert_eq!(app.get(&path).await.status, 200);

    let later = Timestamp::from_micros(Timestamp::now().as_micros() + 60_000_000);
    let forgotten = store.forget_collected(Kept::Transcripts, later).await;
    assert_eq!(forgotten.expect("a write"), 1);
    // There are its events still.
    assert_eq!(app.get(&path).await.status, 200);
    let kept = EventsKept {
        ended_by: Some(later),
        newest: None,
    };
    store.trim_events(id, kept).await.expect("a write");
    assert_snapshot!(app.get(&path).await, @r#"
    404 {
      "error": "Transcript not found: the server keeps it for some time after the session's end, and that is over"
    }
    "#);
}

#[tokio::test]
async fn what_nobody_owns_is_removed_and_what_nobody_knows_is_put_aside() {
    let app = TestApp::start().await;
    let over = app.session(SessionStatus::Ended).await;
    let resting = app.session_of("bob", SessionStatus::Suspended).await;
    let unknown = SessionId::new();
    let sessions = app.folder().join("sessions");
    let volume = |name: String| -> PathBuf {
        let folder = sessions.join(name);
        fs::create_dir_all(folder.join("workspace")).expect("makes it");
        fs::write(folder.join("workspace/work"), "x").expect("writes");
        folder
    };
    let of_over = volume(over.to_string());
    let of_resting = volume(resting.to_string());
    let of_unknown = volume(unknown.to_string());
    let half = volume(format!(".removed-{}", SessionId::new()));
    keeper::keep(&app.app).await.expect("it keeps house");
    assert!(!of_over.exists() && !half.exists());
    assert!(of_resting.join("workspace/work").exists());
    assert!(!of_unknown.exists());
    let aside = sessions.join(format!(".unknown-{unknown}"));
    assert!(aside.join("workspace/work").exists());
    assert_eq!(number(&app, "vwm_orphans_removed_total").await, "3");

    // As if another database had been looked at meanwhile.
    let put_aside = sessions.join(format!(".unknown-{resting}"));
    fs::rename(&of_resting, &put_aside).expect("it moves");
    keeper::keep(&app.app).await.expect("it keeps house");
    assert!(of_resting.join("workspace/work").exists());
    assert!(aside.join("workspace/work").exists());
    assert_eq!(number(&app, "vwm_orphans_removed_total").await, "3");
}
