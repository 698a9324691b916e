//! The real Claude Code through the whole road, offline: its model is the scripted one.

mod abort;
mod answer;
mod faults;
mod instructions;
mod learnings;
mod missing;
mod parallel;
mod privacy;
mod queue;
mod resume;

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::{
    Answer, Event, EventBody, Prompt, Session, SessionId, Start, SubsessionId, TurnId, TurnStatus,
};
use vwm_tests::{Repository, World, claude_code, within};

/// A world whose engines are Claude Code, and whose model plays this script.
async fn world(script: Value) -> World {
    claude_code();
    World::start(script).await
}

/// An active session of a worker of Claude Code that differs so from the usual.
async fn session(world: &World, differs: Value, repository: Option<&Repository>) -> Session {
    let mut worker = json!({"cliType": "claude-code"});
    for (name, value) in differs.as_object().into_iter().flatten() {
        worker[name] = value.clone();
    }
    world.worker(worker).await;
    world.session("bob", repository).await
}

/// A script of one rule.
fn rule(when: &str, steps: Value) -> Value {
    json!({"rules": [{"when": when, "steps": steps}]})
}

/// Asks in one conversation, and waits for the answer.
async fn ask_in(world: &World, session: &Session, talk: SubsessionId, prompt: &str) -> Answer {
    let prompt = Prompt {
        subsession_id: Some(talk),
        ..world.prompt(prompt)
    };
    let client = world.client();
    let what = format!("the answer to {:?}", prompt.prompt);
    within(&what, client.prompt(session.id, &prompt))
        .await
        .expect("the prompt is taken")
}

/// What the model says when it is asked what it was told.
fn recall(told: &[&str]) -> String {
    format!("recall: {}", json!(told))
}

/// An answer as it is compared: how it ended and what it says.
fn end(answer: &Answer) -> (TurnStatus, Option<&str>, &str) {
    let code = answer.error.as_ref().map(|error| error.code.as_str());
    (answer.status, code, answer.response.as_str())
}

/// The events of one turn, up to its last.
async fn events_of(world: &World, session: SessionId, turn: TurnId) -> Vec<Event> {
    within("the turn's last event", async {
        let mut all = world.client().events(session, 0);
        let mut own: Vec<Event> = Vec::new();
        while own.last().is_none_or(|event| !event.body.ends_turn()) {
            let event = all
                .next()
                .await
                .expect("the stream goes on")
                .expect("the event is one");
            if event.request_id == Some(turn) {
                own.push(event);
            }
        }
        own
    })
    .await
}

/// How each turn of a session began.
fn starts(events: &[Event]) -> Vec<Start> {
    let starts = events.iter().filter_map(|event| match &event.body {
        EventBody::Start(start) => Some(start.clone()),
        _ => None,
    });
    starts.collect()
}

/// What happened, a line each; deltas that follow each other are one.
fn told(events: &[Event]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for event in events {
        let line = match &event.body {
            EventBody::Start(_) => "start".to_owned(),
            EventBody::Text(text) => format!("text {text}"),
            EventBody::Thinking(text) => format!("thinking {text}"),
            EventBody::ToolCall(call) => format!("call {}", call.name),
            EventBody::ToolResult(result) => {
                let name = result.name.as_deref().unwrap_or("?");
                format!(
                    "result {name}{}",
                    if result.is_error { " failed" } else { "" }
                )
            }
            EventBody::Notice { code, .. } => format!("notice {code}"),
            EventBody::Status { to, .. } => format!("status {}", to.as_str()),
            EventBody::Gap { .. } => "gap".to_owned(),
            EventBody::Raw(value) => format!("raw {value}"),
            EventBody::Complete(_) => "complete".to_owned(),
            EventBody::Error(error) => format!("error {}", error.code),
        };
        let kind = line.split(' ').next().unwrap_or_default().to_owned();
        match told.last_mut() {
            Some(last)
                if matches!(kind.as_str(), "text" | "thinking")
                    && last.starts_with(&format!("{kind} ")) =>
            {
                last.push_str(&line[kind.len() + 1..]);
            }
            _ => told.push(line),
        }
    }
    told
}
