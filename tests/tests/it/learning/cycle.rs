//! The whole cycle with the real Claude Code: one session learns, a person merges, the next session knows.

use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::harness::{LEARNING_INDEX, LEARNING_TRANSCRIPT, learning_path};
use vwm_api::{Resume, SessionId, SessionStatus, SubsessionId, TelemetryRow, TurnKind, TurnStatus};
use vwm_scripted::Call;
use vwm_tests::{ASKED_TO_LEARN, kill};

use super::told::{read_by_learning, resume_of_learning};
use super::{LEARNED, Learner, learned, writes};

/// The built-in skill, word for word.
const SKILL: &str = include_str!("../../../../crates/server/src/skills/session-learning.md");

/// What a worker is asked at the end of this session.
fn skill(session: SessionId) -> String {
    SKILL
        .trim_end()
        .replace("{session}", &session.to_string())
        .replace("{file}", &learning_path(session))
        .replace("{transcript}", LEARNING_TRANSCRIPT)
        .replace("{index}", LEARNING_INDEX)
}

/// The model's requests that answer a prompt with this in it.
fn requests(learner: &Learner, part: &str) -> Vec<Call> {
    let calls = learner.world.model.calls().into_iter();
    calls
        .filter(|call| call.is_turn() && call.last_user.contains(part))
        .collect()
}

/// Whether a request has a text, as its model reads it.
fn has(call: &Call, part: &str) -> bool {
    fn in_value(value: &Value, part: &str) -> bool {
        match value {
            Value::String(text) => text.contains(part),
            Value::Array(items) => items.iter().any(|it| in_value(it, part)),
            Value::Object(fields) => fields.values().any(|it| in_value(it, part)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    in_value(&call.body, part)
}

/// The first request of a new session, which is asked something and ended.
async fn next_session(learner: &Learner, prompt: &str) -> Call {
    let session = learner.world.session("bob", Some(&learner.project)).await;
    learner.world.ask(session.id, prompt).await;
    requests(learner, prompt).remove(0)
}

/// Reads all that there is to read, and writes the file.
fn reads_and_writes() -> Value {
    json!([
        {"shell": format!("cat {LEARNING_TRANSCRIPT}")},
        {"shell": format!("cat {LEARNING_INDEX}")},
        writes(),
        {"text": "written"},
    ])
}

#[tokio::test]
async fn what_one_session_learned_is_told_to_the_next_one_once_it_is_merged() {
    let learner = Learner::claude(reads_and_writes()).await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));

    let session = learner.session;
    let row = learner.record().await;
    let asked = requests(&learner, ASKED_TO_LEARN);
    let calls = i64::try_from(asked.len()).expect("few");
    assert_eq!(calls, 4);
    let expected = TelemetryRow {
        id: row.id,
        session_id: learner.session,
        worker_id: row.worker_id,
        subsession_id: SubsessionId::main(learner.session),
        kind: TurnKind::Learning,
        key_id: None,
        prompt: skill(session),
        response: row.response.clone(),
        // As the model counts each request: its input with what the cache had, and its output.
        tokens_in: Some(calls * (1250 + 300 + 40)),
        tokens_out: Some(calls * 89),
        cost_usd: row.cost_usd,
        model: row.model.clone(),
        status: TurnStatus::Complete,
        error: None,
        retry_of: None,
        duration_ms: row.duration_ms,
        artifacts: vec![learning_path(session)],
        breadcrumbs: vec![],
        created_at: row.created_at,
        completed_at: row.completed_at,
        learning: Some(learner.at_the_remote()),
    };
    assert_eq!(row, expected);
    assert_eq!(row.response.expect("an answer").response, "written");
    assert!(row.duration_ms.is_some_and(|ms| ms > 0) && row.completed_at.is_some());
    assert!(has(&asked[0], &skill(session)), "{}", asked[0].body);

    let read = read_by_learning(&learner).await;
    for part in [
        "\"role\":\"user\"",
        "\"text\":\"work\"",
        "session_repo/notes.md",
        "`worker_repo/COMPANY.md`: Who we are",
    ] {
        assert!(read.contains(part), "no {part} in {read}");
        assert!(has(&asked[3], part), "the model never read {part}");
    }
    assert!(!read.contains(ASKED_TO_LEARN), "{read}");

    let before = next_session(&learner, "how do we build, before it is merged?").await;
    assert!(!has(&before, LEARNED), "{}", before.body);
    let branch = learner.branch();
    learner
        .knowledge
        .script(&format!("git merge --quiet origin/{branch}"));
    let after = next_session(&learner, "how do we build, after it is merged?").await;
    assert!(has(&after, LEARNED), "{}", after.body);
    assert!(has(&after, "The cache"), "{}", after.body);
}

#[tokio::test]
async fn a_suspended_session_learns_with_all_that_was_said_in_mind() {
    let learner = Learner::claude(json!([writes(), {"text": "written"}])).await;
    let harness = learner.world.harness(learner.session);
    kill(harness, Signal::KILL);
    let suspended = SessionStatus::Suspended;
    learner.world.reaches(learner.session, suspended).await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    assert_eq!(resume_of_learning(&learner).await, Resume::Resumed);
    let first = requests(&learner, ASKED_TO_LEARN).remove(0);
    let said = first.body["messages"].to_string();
    assert!(
        said.contains("\"work\"") && said.contains("notes.md"),
        "{said}"
    );
}
