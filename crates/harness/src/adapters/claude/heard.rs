//! What Claude Code's lines mean, one kind after the other.

use serde_json::{Value, json};
use vwm_api::{AgentEvent, Resume, ToolCall, ToolResult};

use super::dialogue::{Phase, Talk, say};
use super::result;
use crate::adapter::Step;

impl Talk {
    /// A line of JSON.
    pub(super) fn line(&mut self, line: &Value) -> Vec<Step> {
        match line["type"].as_str().unwrap_or_default() {
            "control_response" => self.control_response(line),
            "control_request" => self.control_request(line),
            "control_cancel_request" | "keep_alive" | "tool_progress" => Vec::new(),
            "system" => self.system(line),
            // A sub-agent's words are its own; what it made of them comes as its tool's result.
            "stream_event" if !line["parent_tool_use_id"].is_null() => Vec::new(),
            "stream_event" => self.stream_event(line),
            "assistant" => self.assistant(line),
            "user" => self.user(line),
            "result" => self.result(line),
            _ => self.raw(line),
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
            Some(_) | None => {
                json!({"subtype": "error", "request_id": id, "error": "not supported"})
            }
        };
        vec![say(
            &json!({"type": "control_response", "response": response}),
        )]
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
                let begins_again = turn.message(event["message"]["id"].as_str());
                self.heard_model(&event["message"]["model"]);
                return if begins_again {
                    vec![self.begins_again()]
                } else {
                    Vec::new()
                };
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
        let id = message["id"].as_str();
        let begins_again = is_own && turn.is_abandoned_for(id);
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
            if turn.block(id, kind, text) && !text.is_empty() {
                events.push(spoken(kind, text));
            }
        }
        if is_own {
            self.heard_model(&message["model"]);
        }
        let again = begins_again.then(|| self.begins_again());
        let events = events.into_iter().map(|event| self.emit(event));
        again.into_iter().chain(events).collect()
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

    /// What was said of a message that broke off stands in the events: whoever reads along must know.
    fn begins_again(&self) -> Step {
        self.emit(AgentEvent::notice(
            "retry",
            "the model's answer broke off; it begins again",
        ))
    }

    fn heard_model(&mut self, model: &Value) {
        if let Some(model) = model.as_str().filter(|model| !model.starts_with('<')) {
            self.model = Some(model.to_owned());
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
