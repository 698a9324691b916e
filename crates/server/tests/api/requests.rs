//! Requests of their own: asked for, left, found again by their id and their events.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{SessionId, SessionStatus, Trigger};

use crate::kit::{Reply, TestApp};

async fn request(app: &TestApp, session: SessionId, key: &str, prompt: &str) -> Reply {
    let path = format!("/sessions/{session}/requests");
    let body = Some(json!({"prompt": prompt}));
    app.send(Method::POST, &path, &[("idempotency-key", key)], body)
        .await
}

fn location(reply: &Reply) -> String {
    let path = reply.headers["location"].to_str().expect("a path");
    path.to_owned()
}

/// The ids of a stream's frames; the stream must end by itself.
async fn ids(app: &TestApp, path: &str, last: Option<&str>) -> Vec<String> {
    let headers: Vec<_> = last.map(|id| ("last-event-id", id)).into_iter().collect();
    let reading = app.send(Method::GET, path, &headers, None);
    let reply = tokio::time::timeout(Duration::from_secs(20), reading).await;
    let reply = reply.expect("the stream ends by itself");
    assert_eq!(
        reply.headers["content-type"], "text/event-stream",
        "{reply}"
    );
    let text = reply.body.as_str().expect("frames");
    text.lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_request_is_answered_at_once_and_found_under_its_location() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let first = request(&app, session, "k1", "Do it.").await;
    assert_snapshot!(first, @r#"
    202 {
      "requestId": "[id]",
      "status": "pending"
    }
    "#);
    let path = location(&first);
    assert_eq!(
        path,
        format!("/sessions/{session}/requests/{}", first.text("requestId"))
    );
    let waiting = app.get(&path).await;
    assert_eq!(
        (waiting.text("status"), &waiting.body["answer"]),
        ("pending", &Value::Null)
    );

    let turn = app.open_turn(session).await;
    app.run_turn(&turn, "Done.").await;
    let over = app.get(&path).await;
    assert_eq!(over.body["answer"]["response"], "Done.");
    // Also when it takes no new ones.
    app.trigger(session, Trigger::End).await;
    let again = request(&app, session, "k1", "Do it.").await;
    assert_eq!((again.status.as_u16(), location(&again)), (202, path));
    assert_eq!(
        again.body,
        json!({"requestId": first.text("requestId"), "status": "complete"})
    );
    assert_eq!(
        request(&app, session, "k1", "Do that.")
            .await
            .status
            .as_u16(),
        422
    );
    assert_eq!(
        request(&app, session, "k2", "Do it.").await.status.as_u16(),
        409
    );
}

#[tokio::test]
async fn the_same_key_is_the_same_request_whichever_of_the_three_calls_is_used() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let accepted = request(&app, session, "k1", "Do it.").await;
    let turn = app.open_turn(session).await;
    app.run_turn(&turn, "Done.").await;
    for call in ["prompt", "stream"] {
        let path = format!("/sessions/{session}/{call}");
        let headers = [("idempotency-key", "k1")];
        let body = Some(json!({"prompt": "Do it."}));
        let reply = app.send(Method::POST, &path, &headers, body).await;
        assert_eq!(reply.status, 200, "{reply}");
        let text = reply.body.to_string();
        assert!(text.contains(accepted.text("requestId")), "{reply}");
    }
    assert_eq!(app.app.store.turns(session).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_events_of_a_request_are_read_again_from_any_cursor() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let accepted = request(&app, session, "k1", "one").await;
    let turn = app.open_turn(session).await;
    app.run_turn(&turn, "Done.").await;
    request(&app, session, "k2", "two").await;
    let other = app.open_turn(session).await;
    app.run_turn(&other, "Done too.").await;

    // The session's own events are 1 and 2, the other request's 5 and 6.
    let path = format!("{}/events", location(&accepted));
    assert_eq!(ids(&app, &path, None).await, ["3", "4"]);
    assert_eq!(ids(&app, &format!("{path}?after=3"), None).await, ["4"]);
    assert_eq!(
        ids(&app, &format!("{path}?after=1"), Some("3")).await,
        ["4"]
    );
    for over in ["4", "5", "6"] {
        assert!(ids(&app, &path, Some(over)).await.is_empty());
    }
    assert_snapshot!(app.get(&format!("{path}?after=7")).await, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "after",
          "message": "the session's events go from 1 to 6, and 7 is none of them; leave it out to begin at the first",
          "code": "out_of_range"
        }
      ]
    }
    "#);
    assert_eq!(
        app.get(&format!("{path}?after=x")).await.faults(),
        [("after", "invalid_string")]
    );
    let elsewhere = app.session_of("bob", SessionStatus::Active).await;
    let turn = turn.id;
    for nothing in [
        format!("/sessions/{elsewhere}/requests/{turn}/events"),
        format!("/sessions/{session}/requests/{session}/events"),
        format!("/sessions/{session}/requests/1/events"),
    ] {
        assert_eq!(app.get(&nothing).await.text("error"), "Request not found");
    }
}

#[tokio::test]
async fn a_watcher_of_a_request_sees_what_was_then_what_comes_and_is_let_go_at_its_end() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let accepted = request(&app, session, "k1", "one").await;
    let path = format!("{}/events", location(&accepted));
    let watch = Request::get(path).header("x-api-key", &app.key);
    let stream = app.open(watch.body(Body::empty()).unwrap()).await;
    let mut stream = stream.into_body();
    let hint = stream.frame().await.expect("a first frame");
    assert_eq!(
        hint.unwrap().into_data().ok().as_deref(),
        Some(&b"retry: 1000\n\n"[..])
    );
    let run = async {
        let turn = app.open_turn(session).await;
        app.run_turn(&turn, "Done.").await;
    };
    let rest = tokio::time::timeout(Duration::from_secs(20), stream.collect());
    let (rest, ()) = tokio::join!(rest, run);
    let rest = rest.expect("it ends by itself").expect("whole").to_bytes();
    let rest = String::from_utf8(rest.to_vec()).expect("text");
    assert!(
        rest.starts_with("id: 3\n") && rest.contains("id: 4\n"),
        "{rest}"
    );
}
