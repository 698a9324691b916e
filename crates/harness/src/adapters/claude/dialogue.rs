//! The talk with one Claude Code process.

use std::time::Duration;

use serde_json::{Value, json};
use vwm_api::{AgentEvent, NativeId, Resume, SubsessionId, ToolCall, ToolResult, TurnStatus};

use super::result;
use super::turn::Turn;
use crate::adapter::{Dialogue, Input, Opening, Said, Step};
use crate::adapters::ending::{aborted, ending, engine_failed, exited};
use crate::process::Exit;

/// How long an interrupt may take before the process is given up.
const INTERRUPT: Duration = Duration::from_secs(5);

/// What it says of a new conversation's id that it knows already.
const ID_IN_USE: &str = "is already in use";

/// The talk with one process, about one conversation.
#[derive(Debug)]
pub(super) struct Talk {
    opening: Opening,
    /// The engine's id of the conversation.
    id: String,
    /// Whether the world knows the id.
    is_id_told: bool,
    phase: Phase,
    turns: u64,
    model: Option<String>,
}

#[derive(Debug)]
enum Phase {
    /// Not ready yet.
    Opening,
    /// No turn.
    Idle,
    /// A turn.
    Turn(Turn),
    /// A turn that the engine began by itself; nobody is told of it. Ours waits behind it.
    Uninvited(Option<Turn>),
    /// Of no use any more.
    Gone,
}

impl Talk {
    pub(super) fn new(opening: Opening, fresh_id: String) -> Self {
        let id = match &opening.native {
            Some(native) => native.0.clone(),
            None => fresh_id,
        };
        Self {
            is_id_told: opening.native.is_some(),
            opening,
            id,
            phase: Phase::Opening,
            turns: 0,
            model: None,
        }
    }

    fn emit(&self, event: AgentEvent) -> Step {
        Step::Emit(self.opening.subsession, event)
    }

    fn turn(&mut self) -> Option<&mut Turn> {
        match &mut self.phase {
            Phase::Turn(turn) => Some(turn),
            Phase::Opening | Phase::Idle | Phase::Uninvited(_) | Phase::Gone => None,
        }
    }

    /// The engine answers a request of ours; the first one opens the conversation.
    fn control_response(&mut self, line: &Value) -> Vec<Step> {
        if !matches!(self.phase, Phase::Opening) || line["response"]["request_id"] != "open" {
            return Vec::new();
        }
        if line["response"]["subtype"] == "success" {
            self.phase = Phase::Idle;
            let resume = match (&self.opening.native, self.opening.gave_up) {
                (Some(_), _) => Resume::Resumed,
                (None, true) => Resume::FreshAfterFailedResume,
                (None, false) => Resume::Fresh,
            };
            return vec![Step::Opened(self.opening.subsession, resume)];
        }
        let said = line["response"]["error"].as_str().unwrap_or("no reason");
        self.fail(format!(
            "Claude Code would not begin: {said}; prompt again, or reinstall it with vwm engine install claude-code"
        ))
    }

    /// The engine asks us. Nobody is there to be asked: it runs without permissions.
    fn control_request(&self, line: &Value) -> Vec<Step> {
        let id = &line["request_id"];
        let response = match line["request"]["subtype"].as_str() {
            Some("can_use_tool") => json!({"subtype": "success", "request_id": id, "response":
                {"behavior": "deny", "message": "nobody can be asked here; go on without it", "interrupt": false}}),
            Some(_) | None => json!({"subtype": "error", "request_id": id, "error": "not supported"}),
        };
        vec![say(&json!({"type": "control_response", "response": response}))]
    }

    fn system(&mut self, line: &Value) -> Vec<Step> {
        match line["subtype"].as_str().unwrap_or_default() {
            "init" => self.init(line),
            "api_retry" => {
                let status = match line["error_status"].as_u64() {
                    Some(status) => format!("answered {status}"),
                    None => "could not be reached".to_owned(),
                };
                let wait = line["retry_delay_ms"].as_f64().unwrap_or(0.0) / 1000.0;
                let message = format!("the model {status}; Claude Code tries again in {wait:.1} s");
                vec![self.emit(AgentEvent::notice("retry", message))]
            }
            "status" | "thinking_tokens" | "task_started" | "task_updated" | "task_progress"
            | "task_notification" | "permission_denied" | "compact_boundary" | "hook_started"
            | "hook_progress" | "hook_response" => Vec::new(),
            _ => self.raw(line),
        }
    }

    /// The first line of every turn.
    fn init(&mut self, line: &Value) -> Vec<Step> {
        if let Some(model) = line["model"].as_str() {
            self.model = Some(model.to_owned());
        }
        if matches!(self.phase, Phase::Idle) {
            self.phase = Phase::Uninvited(None);
        }
        match line["session_id"].as_str() {
            Some(id) if id != self.id => {
                id.clone_into(&mut self.id);
                vec![self.native()]
            }
            _ => Vec::new(),
        }
    }

    fn stream_event(&mut self, line: &Value) -> Vec<Step> {
        let event = &line["event"];
        let Some(turn) = self.turn() else {
            return Vec::new();
        };
        let delta = &event["delta"];
        let (kind, key) = match (event["type"].as_str(), delta["type"].as_str()) {
            (Some("message_start"), _) => {
                turn.message(event["message"]["id"].as_str());
                return self.heard_model(&event["message"]["model"]);
            }
            (Some("content_block_delta"), Some("text_delta")) => ("text", "text"),
            (Some("content_block_delta"), Some("thinking_delta")) => ("thinking", "thinking"),
            _ => return Vec::new(),
        };
        match delta[key].as_str() {
            Some(text) if !text.is_empty() => {
                turn.delta(kind, text);
                vec![self.emit(spoken(kind, text))]
            }
            _ => Vec::new(),
        }
    }

    fn assistant(&mut self, line: &Value) -> Vec<Step> {
        let is_own = line["parent_tool_use_id"].is_null();
        let message = &line["message"];
        let Some(turn) = self.turn() else {
            return Vec::new();
        };
        if let Some(error) = line["error"].as_str() {
            // Its text is the error once more, which the turn's end tells.
            turn.error = Some(error.to_owned());
            return Vec::new();
        }
        let mut events = Vec::new();
        for block in message["content"].as_array().into_iter().flatten() {
            let kind = match block["type"].as_str() {
                Some("text") if is_own => "text",
                Some("thinking") if is_own => "thinking",
                Some("tool_use") => {
                    let call = ToolCall {
                        id: block["id"].as_str().unwrap_or_default().to_owned(),
                        name: block["name"].as_str().unwrap_or_default().to_owned(),
                        input: block["input"].clone(),
                    };
                    turn.tool(&call.id, &call.name);
                    if is_own {
                        turn.forget_answer();
                    }
                    events.push(AgentEvent::ToolCall(call));
                    continue;
                }
                _ => continue,
            };
            let text = block[kind].as_str().unwrap_or_default();
            if turn.block(message["id"].as_str(), kind, text) && !text.is_empty() {
                events.push(spoken(kind, text));
            }
        }
        if is_own {
            self.heard_model(&message["model"]);
        }
        events.into_iter().map(|event| self.emit(event)).collect()
    }

    /// What tools answered comes in the user's name.
    fn user(&mut self, line: &Value) -> Vec<Step> {
        let Some(turn) = self.turn() else {
            return Vec::new();
        };
        let blocks = line["message"]["content"].as_array().into_iter().flatten();
        let mut events = Vec::new();
        for block in blocks.filter(|block| block["type"] == "tool_result") {
            let id = block["tool_use_id"].as_str().unwrap_or_default();
            events.push(AgentEvent::ToolResult(ToolResult {
                id: id.to_owned(),
                name: turn.tools.remove(id),
                output: block["content"].clone(),
                is_error: block["is_error"] == true,
            }));
        }
        events.into_iter().map(|event| self.emit(event)).collect()
    }

    fn result(&mut self, line: &Value) -> Vec<Step> {
        if self.opening.native.is_some() && result::is_unknown_conversation(line) {
            return self.not_resumed();
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Turn(turn) => {
                let ending = result::ending(&turn, line, self.model.clone());
                vec![Step::End(self.opening.subsession, ending)]
            }
            Phase::Uninvited(Some(turn)) => {
                self.phase = Phase::Turn(turn);
                Vec::new()
            }
            Phase::Uninvited(None) | Phase::Idle => Vec::new(),
            phase @ (Phase::Opening | Phase::Gone) => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    /// The conversation cannot go on: another one begins.
    fn not_resumed(&mut self) -> Vec<Step> {
        self.phase = Phase::Gone;
        vec![Step::Relaunch(Opening {
            native: None,
            gave_up: true,
            ..self.opening.clone()
        })]
    }

    /// The id of a new conversation is in use. Ids follow from the conversation: this is it, and its id was lost before it was written
    /// down. After a failed resume it can only be the one that failed, and going round would not end.
    fn found_in_use(&mut self) -> Vec<Step> {
        if self.opening.gave_up {
            return self.fail(
                "Claude Code can neither go on with its conversation nor begin another one; suspend the session and prompt again"
                    .to_owned(),
            );
        }
        self.phase = Phase::Gone;
        vec![self.native(), Step::Relaunch(self.resuming())]
    }

    /// The process is of no use, and whoever waits for a turn or for the opening is told.
    fn fail(&mut self, message: String) -> Vec<Step> {
        self.phase = Phase::Gone;
        let ending = ending(TurnStatus::Failed, String::new(), Some(engine_failed(message, true)));
        vec![Step::End(self.opening.subsession, ending)]
    }

    fn heard_model(&mut self, model: &Value) -> Vec<Step> {
        if let Some(model) = model.as_str().filter(|model| !model.starts_with('<')) {
            self.model = Some(model.to_owned());
        }
        Vec::new()
    }

    fn native(&mut self) -> Step {
        self.is_id_told = true;
        Step::Native(self.opening.subsession, NativeId(self.id.clone()))
    }

    fn resuming(&self) -> Opening {
        Opening {
            native: Some(NativeId(self.id.clone())),
            ..self.opening.clone()
        }
    }

    fn raw(&self, line: &Value) -> Vec<Step> {
        vec![self.emit(AgentEvent::Raw(line.clone()))]
    }
}

impl Dialogue for Talk {
    fn open(&mut self) -> Vec<Step> {
        vec![say(&json!({"type": "control_request", "request_id": "open",
            "request": {"subtype": "initialize", "hooks": null}}))]
    }

    fn heard(&mut self, said: Said) -> Vec<Step> {
        let line = match said {
            Said::Line(line) if !matches!(self.phase, Phase::Gone) => line,
            Said::Line(_) | Said::Eof => return Vec::new(),
        };
        if line.trim().is_empty() {
            return Vec::new();
        }
        let Ok(line) = serde_json::from_str::<Value>(&line) else {
            return self.raw(&Value::String(line));
        };
        match line["type"].as_str().unwrap_or_default() {
            "control_response" => self.control_response(&line),
            "control_request" => self.control_request(&line),
            "control_cancel_request" | "keep_alive" | "tool_progress" => Vec::new(),
            "system" => self.system(&line),
            // A sub-agent's words are its own; what it made of them comes as its tool's result.
            "stream_event" if !line["parent_tool_use_id"].is_null() => Vec::new(),
            "stream_event" => self.stream_event(&line),
            "assistant" => self.assistant(&line),
            "user" => self.user(&line),
            "result" => self.result(&line),
            _ => self.raw(&line),
        }
    }

    fn input(&mut self, _to: SubsessionId, input: Input) -> Vec<Step> {
        match input {
            Input::Prompt(prompt) => {
                self.turns += 1;
                let turn = Turn::new(self.turns);
                self.phase = match std::mem::replace(&mut self.phase, Phase::Gone) {
                    Phase::Uninvited(None) => Phase::Uninvited(Some(turn)),
                    Phase::Idle => Phase::Turn(turn),
                    // The caller prompts what is open and idle; what is not stays as it is.
                    phase @ (Phase::Opening | Phase::Turn(_) | Phase::Uninvited(Some(_)) | Phase::Gone) => {
                        self.phase = phase;
                        return Vec::new();
                    }
                };
                // Before the prompt, so that a crash finds the conversation again; not earlier, since one without a prompt is not kept.
                let mut steps = Vec::new();
                if !self.is_id_told {
                    steps.push(self.native());
                }
                let content = json!([{"type": "text", "text": prompt}]);
                steps.push(say(&json!({"type": "user", "message": {"role": "user", "content": content}})));
                steps
            }
            Input::Abort => match &mut self.phase {
                Phase::Turn(turn) | Phase::Uninvited(Some(turn)) if !turn.is_aborted => {
                    turn.is_aborted = true;
                    let id = format!("abort-{}", turn.number);
                    vec![
                        say(&json!({"type": "control_request", "request_id": id, "request": {"subtype": "interrupt"}})),
                        Step::Wake(INTERRUPT, turn.number),
                    ]
                }
                Phase::Turn(_) | Phase::Uninvited(_) | Phase::Opening | Phase::Idle | Phase::Gone => Vec::new(),
            },
        }
    }

    fn woken(&mut self, token: u64) -> Vec<Step> {
        let response = match &self.phase {
            Phase::Turn(turn) | Phase::Uninvited(Some(turn)) if turn.is_aborted && turn.number == token => {
                turn.response()
            }
            Phase::Turn(_) | Phase::Uninvited(_) | Phase::Opening | Phase::Idle | Phase::Gone => {
                return Vec::new();
            }
        };
        self.phase = Phase::Gone;
        let ending = ending(TurnStatus::Cancelled, response, Some(aborted()));
        vec![
            Step::End(self.opening.subsession, ending),
            Step::Relaunch(self.resuming()),
        ]
    }

    fn exited(&mut self, exit: &Exit, stderr: &str) -> Vec<Step> {
        match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Gone | Phase::Idle | Phase::Uninvited(None) => Vec::new(),
            Phase::Opening if self.opening.native.is_none() && stderr.contains(ID_IN_USE) => self.found_in_use(),
            Phase::Opening if self.opening.native.is_some() && stderr.contains(result::UNKNOWN_CONVERSATION) => {
                self.not_resumed()
            }
            Phase::Opening => {
                let error = exited("Claude Code", exit, stderr);
                let ending = ending(TurnStatus::Failed, String::new(), Some(error));
                vec![Step::End(self.opening.subsession, ending)]
            }
            Phase::Turn(turn) | Phase::Uninvited(Some(turn)) => {
                let error = if turn.is_aborted {
                    aborted()
                } else {
                    exited("Claude Code", exit, stderr)
                };
                let mut ending = ending(error.status, turn.response(), Some(error));
                ending.model.clone_from(&self.model);
                vec![Step::End(self.opening.subsession, ending)]
            }
        }
    }
}

fn spoken(kind: &str, text: &str) -> AgentEvent {
    if kind == "thinking" {
        AgentEvent::Thinking(text.to_owned())
    } else {
        AgentEvent::Text(text.to_owned())
    }
}

fn say(line: &Value) -> Step {
    Step::Say(line.to_string())
}
