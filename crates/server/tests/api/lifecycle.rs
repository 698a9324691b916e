//! Suspending and resuming by request: which status takes it, and what is said where none does.

use std::fmt::Write as _;

use http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use vwm_api::{SessionId, SessionStatus};

use crate::kit::{Reply, TestApp};

async fn ask(app: &TestApp, id: SessionId, what: &str) -> Reply {
    app.post(&format!("/sessions/{id}/{what}"), json!({})).await
}

#[tokio::test]
async fn each_status_is_suspended_and_resumed_or_says_what_to_do() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    let mut table = String::new();
    for what in ["suspend", "resume"] {
        for from in SessionStatus::ALL {
            let id = app.session_of("bob", from).await;
            // Asking again changes nothing.
            for time in ["", ", again"] {
                let reply = ask(&app, id, what).await;
                let says = match reply.body["error"].as_str() {
                    Some(error) => error.to_owned(),
                    None => {
                        let field = |name: &str| reply.body[name].as_str().unwrap_or("no reason");
                        let resuming = reply.body["resuming"] == true;
                        let resuming = if resuming { ", resuming" } else { "" };
                        format!("{}{resuming}: {}", field("status"), field("statusReason"))
                    }
                };
                let status = reply.status.as_u16();
                writeln!(table, "{what} {}{time}: {status} {says}", from.as_str()).unwrap();
            }
        }
    }
    assert_snapshot!(table, @r"
    suspend pending: 409 Session is not active: it is pending; wait until it is active, or end it
    suspend pending, again: 409 Session is not active: it is pending; wait until it is active, or end it
    suspend active: 202 suspended: asked for; the next prompt resumes it
    suspend active, again: 202 suspended: asked for; the next prompt resumes it
    suspend suspended: 202 suspended: no reason
    suspend suspended, again: 202 suspended: no reason
    suspend ending: 409 Session is not active: it is ending
    suspend ending, again: 409 Session is not active: it is ending
    suspend ended: 409 Session is not active: it has ended
    suspend ended, again: 409 Session is not active: it has ended
    suspend failed: 409 Session is not active: it failed, and has no job; resume it, or end it
    suspend failed, again: 409 Session is not active: it failed, and has no job; resume it, or end it
    resume pending: 202 pending: no reason
    resume pending, again: 202 pending: no reason
    resume active: 202 active: no reason
    resume active, again: 202 active: no reason
    resume suspended: 202 suspended, resuming: no reason
    resume suspended, again: 202 suspended, resuming: no reason
    resume ending: 409 Session is not active: it is ending; start another
    resume ending, again: 409 Session is not active: it is ending; start another
    resume ended: 409 Session is not active: it has ended; start another
    resume ended, again: 409 Session is not active: it has ended; start another
    resume failed: 202 pending: no reason
    resume failed, again: 202 pending: no reason
    ");
    let nobody = ask(&app, SessionId::new(), "suspend").await;
    assert_snapshot!(nobody, @r#"
    404 {
      "error": "Session not found"
    }
    "#);
    let nobody = ask(&app, SessionId::new(), "resume").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_session_is_not_suspended_under_a_prompt() {
    let app = TestApp::start().await;
    let id = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{id}/stream");
    app.post_unread(&path, json!({"prompt": "hi"})).await;
    assert_snapshot!(ask(&app, id, "suspend").await, @r#"
    409 {
      "error": "Session is busy: a turn runs or waits; abort it or wait for its end, and ask again"
    }
    "#);
    let turn = app.open_turn(id).await;
    app.run_turn(&turn, "hello").await;
    let reply = ask(&app, id, "suspend").await;
    assert_eq!(
        (reply.status, reply.text("status")),
        (StatusCode::ACCEPTED, "suspended")
    );
}

#[tokio::test]
async fn a_failed_session_whose_folder_is_gone_is_not_started_again() {
    let app = TestApp::start().await;
    let id = app.session(SessionStatus::Failed).await;
    app.app.store.new_generation(id).await.unwrap();
    assert_snapshot!(ask(&app, id, "resume").await, @r#"
    409 {
      "error": "Session is not active: it failed, and its folder is gone, and with it the workspace; end it and start another"
    }
    "#);
    // Its start can be tried again as long as there is a volume.
    std::fs::create_dir(app.folder().join("sessions").join(id.to_string())).unwrap();
    let reply = ask(&app, id, "resume").await;
    assert_eq!(
        (reply.status, reply.text("status")),
        (StatusCode::ACCEPTED, "pending")
    );
}

#[tokio::test]
async fn reading_is_no_activity_and_resuming_is() {
    let app = TestApp::start().await;
    let id = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{id}");
    let last = async || {
        let reply = app.get(&path).await;
        reply.text("lastActivityAt").to_owned()
    };
    let first = last().await;
    for what in ["", "/telemetry", "/stats", "/requests/x"] {
        app.get(&format!("{path}{what}")).await;
    }
    assert_eq!(last().await, first);
    ask(&app, id, "resume").await;
    assert!(last().await > first);
}
