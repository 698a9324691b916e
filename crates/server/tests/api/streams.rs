//! Streams: what was, what comes, and when they end.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{SessionId, SessionStatus, Trigger};
use vwm_store::EventsKept;

use crate::kit::TestApp;

/// Reads a whole stream, which must end by itself.
async fn frames(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Request::builder().uri(path).header("x-api-key", &app.key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let reading = app.raw(request);
    let reply = tokio::time::timeout(Duration::from_secs(20), reading).await;
    let reply = reply.expect("the stream ends by itself");
    assert_eq!(
        reply.headers["content-type"], "text/event-stream",
        "{reply}"
    );
    reply.body.as_str().expect("text").to_owned()
}

async fn ended_session(app: &TestApp) -> SessionId {
    let session = app.session(SessionStatus::Active).await;
    app.post_unread(
        &format!("/sessions/{session}/stream"),
        json!({"prompt": "hi"}),
    )
    .await;
    let turn = app.open_turn(session).await;
    app.run_turn(&turn, "Done.").await;
    app.trigger(session, Trigger::End).await;
    app.trigger(session, Trigger::Ended).await;
    session
}

#[tokio::test]
async fn a_turns_stream_begins_with_a_hint_and_ends_with_the_whole_answer() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let run = async {
        let turn = app.open_turn(session).await;
        app.run_turn(&turn, "Done.").await;
        turn
    };
    let path = format!("/sessions/{session}/stream");
    let (reply, turn) = tokio::join!(app.post(&path, json!({"prompt": "hi"})), run);
    let text = reply.body.as_str().expect("frames");
    let text = text
        .replace(&turn.id.to_string(), "[turn]")
        .replace(&session.to_string(), "[session]");
    assert_snapshot!(text, @r#"
    retry: 1000

    id: 3
    data: {"type":"text","data":"Done.","requestId":"[turn]","subsessionId":"[session]"}

    id: 4
    data: {"type":"complete","data":{"requestId":"[turn]","status":"complete","subsessionId":"[session]","response":"Done.","artifacts":["README.md"],"tokensIn":11,"tokensOut":7,"costUsd":0.25,"model":"scripted-1","durationMs":40,"raw":{"format":"stream-json","content":"{}\n","metadata":{"model":"scripted-1","requestId":"[turn]","cliType":"claude-code"}},"error":null,"retryOf":null},"requestId":"[turn]","subsessionId":"[session]"}
    "#);
}

#[tokio::test]
async fn a_sessions_stream_tells_all_from_the_cursor_to_the_end() {
    let app = TestApp::start().await;
    let session = ended_session(&app).await;
    let path = format!("/sessions/{session}/events");
    let all = frames(&app, &path, &[]).await;
    let ids: Vec<_> = all
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6"]);
    assert!(all.contains(r#""to":"ended""#), "{all}");
    let later = frames(&app, &format!("{path}?after=4"), &[]).await;
    assert!(
        later.contains("id: 5\n") && !later.contains("id: 4\n"),
        "{later}"
    );
    // Who comes back says by the header where it was.
    let back = frames(&app, &format!("{path}?after=1"), &[("last-event-id", "5")]).await;
    assert!(
        back.contains("id: 6\n") && !back.contains("id: 5\n"),
        "{back}"
    );
    assert!(
        !frames(&app, &format!("{path}?after=6"), &[])
            .await
            .contains("id:")
    );
}

#[tokio::test]
async fn events_that_are_no_longer_kept_are_told_as_a_gap_and_the_stream_goes_on() {
    let app = TestApp::start().await;
    let session = ended_session(&app).await;
    let turn = app.app.store.turns(session).await.expect("a read")[0].id;
    let trim = async |newest| {
        let kept = EventsKept {
            ended_by: None,
            newest: Some(newest),
        };
        let trimmed = app.app.store.trim_events(session, kept).await;
        assert!(trimmed.expect("a write").is_done);
    };
    let (all, own) = (
        format!("/sessions/{session}/events"),
        format!("/sessions/{session}/requests/{turn}/events"),
    );
    let told = async |path: &str| {
        let text = frames(&app, path, &[]).await;
        let mut told = Vec::new();
        for frame in text.split("\n\n") {
            let Some((id, data)) = frame.split_once("\ndata: ") else {
                continue;
            };
            let event: Value = serde_json::from_str(data).expect("an event");
            let (kind, gap) = (event["type"].as_str().expect("a type"), &event["data"]);
            told.push(match kind {
                "gap" => format!("{id} gap {} {}", gap["from"], gap["to"]),
                kind => format!("{id} {kind}"),
            });
        }
        told.join(", ").replace("id: ", "")
    };
    // What was before the turn is none of its own.
    trim(4).await;
    assert_eq!(
        told(&all).await,
        "2 gap 1 2, 3 text, 4 complete, 5 status, 6 status"
    );
    assert_eq!(told(&own).await, "3 text, 4 complete");
    // Its text is gone, and its answer is not.
    trim(3).await;
    assert_eq!(told(&own).await, "3 gap 3 3, 4 complete");
    assert_eq!(told(&format!("{own}?after=3")).await, "4 complete");
    trim(0).await;
    assert_eq!(told(&all).await, "6 gap 1 6");
    assert_eq!(told(&own).await, "6 gap 3 6");
    assert_eq!(told(&format!("{own}?after=6")).await, "");
}

#[tokio::test]
async fn a_cursor_that_no_event_has_is_refused() {
    let app = TestApp::start().await;
    let session = ended_session(&app).await;
    let path = format!("/sessions/{session}/events");
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
        app.get(&format!("{path}?after=-1")).await.faults(),
        [("after", "out_of_range")]
    );
    // The header wins over it, and makes no sense of it.
    let both = Request::get(format!("{path}?after=-1")).header("last-event-id", "5");
    let both = both.header("x-api-key", &app.key).body(Body::empty());
    let both = app.raw(both.expect("a request")).await;
    assert_eq!(both.faults(), [("after", "out_of_range")]);
    let bad = app.get(&format!("{path}?after=x")).await;
    assert_eq!(bad.faults(), [("after", "invalid_string")]);
    assert_eq!(
        bad.body["details"][0]["message"],
        "give the id of the last event that you have"
    );
    let unknown = "/sessions/01970000-0000-7000-8000-000000000000/events";
    assert_eq!(app.get(unknown).await.status, 404);
}

#[tokio::test]
async fn a_watcher_is_woken_by_what_comes_and_let_go_when_the_server_stops() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Pending).await;
    let request = Request::builder().uri(format!("/sessions/{session}/events"));
    let request = request.header("x-api-key", &app.key).body(Body::empty());
    let mut stream = app.open(request.unwrap()).await.into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(Duration::from_secs(20), stream.frame()).await;
        let bytes = frame
            .expect("a frame within 20 s")?
            .expect("no error")
            .into_data();
        Some(String::from_utf8(bytes.expect("data").into()).expect("text"))
    };
    assert_eq!(next().await.as_deref(), Some("retry: 1000\n\n"));
    assert!(next().await.expect("what was").starts_with("id: 1\n"));
    let (came, ()) = tokio::join!(next(), app.trigger(session, Trigger::Ready));
    assert!(came.expect("what comes").starts_with("id: 2\n"));
    let (last, ()) = tokio::join!(next(), async { app.app.stop.cancel() });
    assert_eq!(last, None);
}
