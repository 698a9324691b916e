//! What a session's end decides: whether it learns, or why not.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{SessionId, SessionStatus, TurnKind};

use crate::kit::TestApp;

const KNOWLEDGE: &str = "https://example.com/knowledge.git";

/// Ends a session, and returns what its telemetry says last.
async fn end(app: &TestApp, id: SessionId) -> Value {
    let reply = app.delete(&format!("/sessions/{id}")).await;
    assert_eq!(reply.status, 204, "{reply}");
    let telemetry = app.get(&format!("/sessions/{id}/telemetry")).await;
    let rows = telemetry.body.as_array().expect("a list");
    rows.last().cloned().unwrap_or_default()
}

#[tokio::test]
async fn whether_a_session_learns_is_decided_when_it_is_asked_to_end() {
    let app = TestApp::start().await;
    app.worker("amy").await;
    app.learner("bob", Some(KNOWLEDGE)).await;
    app.learner("eve", None).await;
    let mut table = String::new();
    for worker in ["amy", "bob", "eve"] {
        for (status, has_prompt) in [
            (SessionStatus::Pending, false),
            (SessionStatus::Active, false),
            (SessionStatus::Active, true),
            (SessionStatus::Suspended, true),
            (SessionStatus::Failed, false),
        ] {
            let id = app.session_of(worker, status).await;
            if has_prompt {
                app.complete_a_prompt(id).await;
            }
            let last = end(&app, id).await;
            let learns = match last["learning"].get("skipped") {
                Some(why) => why.to_string(),
                None if last["kind"] == "learning" => "learns".to_owned(),
                None => "no record".to_owned(),
            };
            let prompts = if has_prompt { "with" } else { "without" };
            let status = status.as_str();
            writeln!(table, "{worker}, {status} {prompts} a prompt: {learns}").unwrap();
        }
    }
    assert_snapshot!(table, @r#"
    amy, pending without a prompt: no record
    amy, active without a prompt: no record
    amy, active with a prompt: no record
    amy, suspended with a prompt: no record
    amy, failed without a prompt: no record
    bob, pending without a prompt: "the session was not active yet"
    bob, active without a prompt: "no prompt was completed"
    bob, active with a prompt: learns
    bob, suspended with a prompt: learns
    bob, failed without a prompt: "the session had failed"
    eve, pending without a prompt: "the session was not active yet"
    eve, active without a prompt: "the worker has no workerRepoUrl"
    eve, active with a prompt: "the worker has no workerRepoUrl"
    eve, suspended with a prompt: "the worker has no workerRepoUrl"
    eve, failed without a prompt: "the session had failed"
    "#);
}

#[tokio::test]
async fn a_session_that_learns_has_one_turn_for_it_however_often_it_is_ended() {
    let app = TestApp::start_with(|config| config.learning_timeout_s = 77).await;
    app.learner("bob", Some(KNOWLEDGE)).await;
    let id = app.session_of("bob", SessionStatus::Active).await;
    app.complete_a_prompt(id).await;
    let (first, second) = tokio::join!(end(&app, id), end(&app, id));
    assert_eq!(first, second);
    let open = app.app.store.open_turns(id).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].kind, open[0].timeout_s, open[0].offered),
        (TurnKind::Learning, 77, true)
    );
    let file = format!("worker_repo/learnings/session-{id}.md");
    assert!(open[0].prompt.contains(&file), "{}", open[0].prompt);
    let unknown = json!({
        "content": null, "path": null, "gitCommitted": false, "gitPushed": false, "gitCommitSha": null,
    });
    assert_eq!(first["learning"], unknown);
    // It counts as no prompt, and no prompt comes after it.
    let stats = app.get(&format!("/sessions/{id}/stats")).await;
    assert_eq!(stats.body["totalRequests"], 1);
    let path = format!("/sessions/{id}/prompt");
    let late = app.post(&path, json!({"prompt": "hi"})).await;
    assert_eq!(late.status, 409, "{late}");
}
