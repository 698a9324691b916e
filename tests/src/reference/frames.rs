//! One event of each type, for the reference.

use serde_json::json;
use vwm_api::{
    Answer, CliType, Event, EventBody, Resume, SessionStatus, Start, SubsessionId, ToolCall,
    ToolResult, TurnError, TurnId, TurnStatus,
};

/// One event of each type, as they may follow each other.
#[must_use]
pub fn events() -> Vec<Event> {
    let bodies = [
        EventBody::Status {
            from: Some(SessionStatus::Pending),
            to: SessionStatus::Active,
            reason: None,
        },
        EventBody::Start(Start {
            request_id: turn(),
            subsession_id: conversation(),
            engine: CliType::ClaudeCode,
            model: Some("claude-sonnet-4-5".into()),
            settings_revision: 1,
            resume: Resume::Resumed,
        }),
        EventBody::Thinking("The test compares times. ".into()),
        EventBody::Text("I run the tests. ".into()),
        EventBody::ToolCall(ToolCall {
            id: "call-1".into(),
            name: "Bash".into(),
            input: json!({"command": "make test"}),
        }),
        EventBody::ToolResult(ToolResult {
            id: "call-1".into(),
            name: Some("Bash".into()),
            output: json!("1 failed"),
            is_error: true,
        }),
        EventBody::Notice {
            code: "retry".into(),
            message: "the model's provider is overloaded (529); try 2 of 4 follows in 3 s".into(),
        },
        EventBody::Raw(json!({"type": "something_new"})),
        EventBody::Gap { from: 1, to: 11 },
        EventBody::Complete(Box::new(answer())),
        EventBody::Error(TurnError {
            status: TurnStatus::Failed,
            message: "the turn took longer than 600 seconds and was stopped; give it a larger timeout, or ask for less".into(),
            code: "timeout".into(),
            retryable: false,
            resets_at: None,
        }),
    ];
    bodies.map(event).into()
}

fn event(body: EventBody) -> Event {
    let is_sessions = matches!(body, EventBody::Status { .. } | EventBody::Gap { .. });
    Event {
        seq: 0,
        body,
        request_id: (!is_sessions).then(turn),
        subsession_id: (!is_sessions).then(conversation),
    }
}

fn turn() -> TurnId {
    "01970000-0000-7000-8000-000000000004"
        .parse()
        .expect("it is an id")
}

fn conversation() -> SubsessionId {
    "01970000-0000-7000-8000-000000000003"
        .parse()
        .expect("it is an id")
}

fn answer() -> Answer {
    Answer {
        request_id: turn(),
        status: TurnStatus::Complete,
        subsession_id: conversation(),
        response: "It is mended.".into(),
        artifacts: vec!["session_repo/src/time.rs".into()],
        tokens_in: Some(15_200),
        tokens_out: Some(830),
        cost_usd: Some(0.058),
        model: Some("claude-sonnet-4-5".into()),
        duration_ms: Some(41_870),
        raw: None,
        error: None,
        retry_of: None,
    }
}
