//! Transcripts: what was said in a session, of one that goes on and of one that is over.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::harness::{Entry, Happened, Record, TurnOrder};
use vwm_api::{
    AgentEvent, SessionId, SessionStatus, Timestamp, ToolCall, Trigger, TurnId, TurnKind,
};
use vwm_store::Turn;

use crate::kit::{Reply, TestApp};

async fn transcript(app: &TestApp, session: SessionId) -> String {
    let request = Request::get(format!("/sessions/{session}/transcript"));
    let request = request.header("x-api-key", &app.key).body(Body::empty());
    let answer = app.open(request.expect("a request")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let body = answer.into_body().collect().await.expect("a whole body");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

/// The lines with what differs each time replaced.
fn scrubbed(text: &str, session: SessionId, turns: &[TurnId]) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).expect("each line is JSON");
        let at = line["at"].as_str().expect("a time");
        assert!(at.ends_with('Z'), "{line}");
        line["at"] = "[time]".into();
        lines += &format!("{line}\n");
    }
    for (n, turn) in turns.iter().enumerate() {
        lines = lines.replace(&turn.to_string(), &format!("[turn {n}]"));
    }
    lines.replace(&session.to_string(), "[session]")
}

async fn ask(app: &TestApp, session: SessionId, prompt: &str) -> Turn {
    let path = format!("/sessions/{session}/requests");
    let reply = app.post(&path, json!({"prompt": prompt})).await;
    assert_eq!(reply.status, 202, "{reply}");
    let id = reply.text("requestId").parse().expect("an id");
    let turn = app.app.store.turn(id).await.expect("a read");
    turn.expect("it was made")
}

/// Stores that a turn began and what its agent said, and not its end.
async fn begin(app: &TestApp, turn: &Turn, said: impl IntoIterator<Item = AgentEvent>) {
    let order = TurnOrder {
        turn: turn.id,
        subsession: turn.subsession,
        kind: TurnKind::Prompt,
        prompt: turn.prompt.clone(),
        timeout_s: turn.timeout_s,
    };
    let said = said.into_iter().map(|event| Entry::Event {
        turn: Some(turn.id),
        subsession: Some(turn.subsession),
        event: Happened::Agent(event),
    });
    let row = app.app.store.session(turn.session).await.expect("a read");
    let pumped = row.expect("the session").pumped_n;
    let entries = [Entry::Accepted { order }].into_iter().chain(said);
    let records = (pumped + 1..).zip(entries).map(|(n, entry)| Record {
        n,
        at: Timestamp::now(),
        generation: 1,
        entry,
    });
    let stored = app.app.store.store_records(turn.session, records.collect());
    stored.await.expect("the records follow");
}

#[tokio::test]
async fn the_transcript_of_a_session_that_goes_on_tells_all_so_far() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    assert_eq!(transcript(&app, session).await, "");
    let first = ask(&app, session, "one").await;
    app.run_turn(&first, "Done.").await;
    let second = ask(&app, session, "two").await;
    let call = ToolCall {
        id: "t1".into(),
        name: "Bash".into(),
        input: json!({"command": "ls"}),
    };
    begin(
        &app,
        &second,
        [
            AgentEvent::Thinking("h".into()),
            AgentEvent::Thinking("m".into()),
            AgentEvent::ToolCall(call),
            AgentEvent::Text("half ".into()),
            AgentEvent::Text("a word".into()),
        ],
    )
    .await;
    let waiting = ask(&app, session, "three").await;
    let turns = [first.id, second.id, waiting.id];
    let told = transcript(&app, session).await;
    assert_snapshot!(scrubbed(&told, session, &turns), @r#"
    {"role":"user","requestId":"[turn 0]","subsessionId":"[session]","kind":"prompt","text":"one","at":"[time]"}
    {"role":"assistant","requestId":"[turn 0]","subsessionId":"[session]","text":"Done.","at":"[time]"}
    {"role":"vwm","requestId":"[turn 0]","subsessionId":"[session]","status":"complete","error":null,"at":"[time]"}
    {"role":"user","requestId":"[turn 1]","subsessionId":"[session]","kind":"prompt","text":"two","at":"[time]"}
    {"role":"assistant","requestId":"[turn 1]","subsessionId":"[session]","thinking":"hm","at":"[time]"}
    {"role":"assistant","requestId":"[turn 1]","subsessionId":"[session]","toolCall":{"id":"t1","name":"Bash","input":{"command":"ls"}},"at":"[time]"}
    {"role":"assistant","requestId":"[turn 1]","subsessionId":"[session]","text":"half a word","at":"[time]"}
    "#);
}

#[tokio::test]
async fn a_turn_that_runs_silently_and_one_that_never_ran_are_told_too() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let aborted = ask(&app, session, "never mind").await;
    app.post(&format!("/sessions/{session}/abort"), json!({}))
        .await;
    let silent = ask(&app, session, "think").await;
    begin(&app, &silent, []).await;
    let turns = [aborted.id, silent.id];
    let told = transcript(&app, session).await;
    assert_snapshot!(scrubbed(&told, session, &turns), @r#"
    {"role":"user","requestId":"[turn 0]","subsessionId":"[session]","kind":"prompt","text":"never mind","at":"[time]"}
    {"role":"vwm","requestId":"[turn 0]","subsessionId":"[session]","status":"cancelled","error":{"status":"cancelled","message":"the turn was aborted before it began; send the prompt again if it is wanted","code":"aborted","retryable":false},"at":"[time]"}
    {"role":"user","requestId":"[turn 1]","subsessionId":"[session]","kind":"prompt","text":"think","at":"[time]"}
    "#);
}

#[tokio::test]
async fn of_an_ended_session_the_kept_transcript_is_served_as_it_was_kept() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let turn = ask(&app, session, "one").await;
    app.run_turn(&turn, "Done.").await;
    let kept = "{\"role\":\"user\",\"text\":\"as it was kept\"}\n".repeat(5000);
    let store = &app.app.store;
    let hash = store.blobs().put(kept.clone().into_bytes()).await.unwrap();
    let bytes = kept.len() as u64;
    let name = "transcript.jsonl";
    let added = store.add_collected(session, "transcript", name, hash, bytes);
    added.await.unwrap();
    app.trigger(session, Trigger::End).await;
    let made = transcript(&app, session).await;
    assert!(made.contains("Done."), "{made}");
    app.trigger(session, Trigger::Ended).await;
    assert_eq!(transcript(&app, session).await, kept);

    // One that nobody can read any more is made again.
    store.blobs().delete(hash).await.unwrap();
    assert_eq!(transcript(&app, session).await, made);
}

#[tokio::test]
async fn a_damaged_transcript_breaks_off_and_does_not_look_whole() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let store = &app.app.store;
    let hash = store.blobs().put(b"{}\n".to_vec()).await.unwrap();
    let added = store.add_collected(session, "transcript", "transcript.jsonl", hash, 3);
    added.await.unwrap();
    app.trigger(session, Trigger::End).await;
    app.trigger(session, Trigger::Ended).await;
    let hash = hash.to_string();
    let blob = app.folder().join("blobs").join(&hash[..2]).join(&hash);
    std::fs::write(blob, "{] ").unwrap();
    let request = Request::get(format!("/sessions/{session}/transcript"));
    let request = request.header("x-api-key", &app.key).body(Body::empty());
    let answer = app.open(request.unwrap()).await;
    assert!(answer.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_session_in_which_nothing_was_said_has_an_empty_transcript_in_any_status() {
    for status in SessionStatus::ALL {
        let app = TestApp::start().await;
        let session = app.session(status).await;
        assert_eq!(transcript(&app, session).await, "", "{status:?}");
    }
    let app = TestApp::start().await;
    let unknown: Reply = app
        .get("/sessions/01970000-0000-7000-8000-000000000000/transcript")
        .await;
    assert_eq!(unknown.text("error"), "Session not found");
}

#[tokio::test]
async fn a_long_transcript_comes_in_pieces_and_is_broken_off_by_a_stop() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let turn = ask(&app, session, "count").await;
    let said = (0..5000).map(|n| AgentEvent::notice("retry", n.to_string()));
    begin(&app, &turn, said).await;
    let request = || {
        let request = Request::get(format!("/sessions/{session}/transcript"));
        let request = request.header("x-api-key", &app.key);
        request.body(Body::empty()).expect("a request")
    };
    let mut body = app.open(request()).await.into_body();
    let (mut text, mut longest) = (String::new(), 0);
    while let Some(piece) = body.frame().await {
        let piece = piece.expect("whole").into_data().expect("data");
        longest = longest.max(piece.len());
        text += std::str::from_utf8(&piece).expect("text");
    }
    assert_eq!(text.lines().count(), 5001);
    assert!(longest < text.len() / 10, "{longest} of {}", text.len());

    let mut body = app.open(request()).await.into_body();
    body.frame().await.expect("a piece").expect("whole");
    app.app.stop.cancel();
    let rest = tokio::time::timeout(Duration::from_secs(20), body.collect());
    assert!(rest.await.expect("it ends").is_err());
}
