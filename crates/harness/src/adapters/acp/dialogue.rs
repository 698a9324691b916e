//! The talk with one agent.

use std::time::Duration;

use serde_json::{Value, json};
use vwm_api::{AgentEvent, NativeId, Resume, SubsessionId, TurnError, TurnStatus};

use super::prompt::{self, Turn};
use super::rpc::{self, Heard};
use super::tool::Tools;
use crate::adapter::{Dialogue, Input, Opening, Said, Step};
use crate::adapters::ending::{aborted, ending, engine_failed, exited};
use crate::process::Exit;

/// The version of the protocol.
const PROTOCOL: u64 = 1;

/// How long a cancel may take before the process is given up.
const CANCEL: Duration = Duration::from_secs(3);

/// The talk with one process, about one conversation.
#[derive(Debug)]
pub(super) struct Talk {
    opening: Opening,
    workspace: String,
    /// Whether what the agent asks permission for is granted: the wall is the limit.
    is_allowed: bool,
    /// The agent's id of the conversation.
    session: String,
    phase: Phase,
    requests: u64,
    tools: Tools,
    cost_total_usd: Option<f64>,
}

#[derive(Debug)]
enum Phase {
    /// What the agent can is asked.
    Initializing,
    /// An old conversation is loaded; it is told once more and not passed on.
    Loading,
    /// A new conversation is asked for.
    Beginning(Resume),
    Idle,
    Turn(Turn),
    /// Of no use any more.
    Gone,
}

impl Talk {
    pub(super) fn new(opening: Opening, workspace: String, is_allowed: bool) -> Self {
        Self {
            opening,
            workspace,
            is_allowed,
            session: String::new(),
            phase: Phase::Initializing,
            requests: 0,
            tools: Tools::default(),
            cost_total_usd: None,
        }
    }

    fn emit(&self, event: AgentEvent) -> Step {
        Step::Emit(self.opening.subsession, event)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Step {
        self.requests += 1;
        rpc::request(self.requests, method, params)
    }

    fn answered(&mut self, id: u64, answer: Result<Value, Value>) -> Vec<Step> {
        if id != self.requests {
            return Vec::new();
        }
        match (std::mem::replace(&mut self.phase, Phase::Idle), answer) {
            (Phase::Initializing, Ok(result)) => self.initialized(&result),
            (Phase::Initializing, Err(error)) => {
                self.fail(prompt::refused("would not begin", &error))
            }
            (Phase::Loading, Ok(_)) => vec![Step::Opened(self.opening.subsession, Resume::Resumed)],
            (Phase::Loading, Err(_)) => self.begin(Resume::FreshAfterFailedResume),
            (Phase::Beginning(resume), Ok(result)) => self.begun(resume, &result),
            (Phase::Beginning(_), Err(error)) => {
                self.fail(prompt::refused("would not begin a conversation", &error))
            }
            (Phase::Turn(turn), answer) => {
                let mut events = self.tools.rest();
                let (notice, ending) = prompt::end(turn, answer, self.cost_total_usd);
                events.extend(notice);
                let mut steps: Vec<_> = events.into_iter().map(|event| self.emit(event)).collect();
                steps.push(Step::End(self.opening.subsession, ending));
                steps
            }
            (phase @ (Phase::Idle | Phase::Gone), _) => {
                self.phase = phase;
                Vec::new()
            }
        }
    }

    fn initialized(&mut self, result: &Value) -> Vec<Step> {
        match result["protocolVersion"].as_u64() {
            Some(PROTOCOL) => {}
            version => {
                let version = version.map_or("none".to_owned(), |version| version.to_string());
                return self.fail(engine_failed(
                    format!("the agent speaks version {version} of the Agent Client Protocol, not {PROTOCOL}; use one that does"),
                    false,
                ));
            }
        }
        let Some(native) = self.opening.native.clone() else {
            let resume = if self.opening.gave_up {
                Resume::FreshAfterFailedResume
            } else {
                Resume::Fresh
            };
            return self.begin(resume);
        };
        if result["agentCapabilities"]["loadSession"] != true {
            return self.begin(Resume::FreshAfterFailedResume);
        }
        self.session = native.0;
        self.phase = Phase::Loading;
        let params = json!({"sessionId": self.session, "cwd": self.workspace, "mcpServers": []});
        vec![self.ask("session/load", &params)]
    }

    fn begin(&mut self, resume: Resume) -> Vec<Step> {
        self.phase = Phase::Beginning(resume);
        let params = json!({"cwd": self.workspace, "mcpServers": []});
        vec![self.ask("session/new", &params)]
    }

    fn begun(&mut self, resume: Resume, result: &Value) -> Vec<Step> {
        let Some(session) = result["sessionId"].as_str() else {
            return self.fail(engine_failed(
                "the agent began a conversation without an id; use one that follows the Agent Client Protocol".to_owned(),
                false,
            ));
        };
        session.clone_into(&mut self.session);
        let subsession = self.opening.subsession;
        vec![
            Step::Native(subsession, NativeId(self.session.clone())),
            Step::Opened(subsession, resume),
        ]
    }

    /// The process is of no use, and whoever waits for the opening is told.
    fn fail(&mut self, error: TurnError) -> Vec<Step> {
        self.phase = Phase::Gone;
        let ending = ending(TurnStatus::Failed, String::new(), Some(error));
        vec![Step::End(self.opening.subsession, ending)]
    }

    fn asked(&mut self, id: &Value, method: &str, params: &Value) -> Vec<Step> {
        if method != "session/request_permission" {
            return vec![rpc::unknown_method(id, method)];
        }
        let mut steps = self.tool(&params["toolCall"], true);
        let is_aborted = matches!(&self.phase, Phase::Turn(turn) if turn.is_aborted);
        let kinds = if self.is_allowed {
            ["allow_once", "allow_always"]
        } else {
            ["reject_once", "reject_always"]
        };
        let options = params["options"].as_array();
        let chosen = kinds.iter().find_map(|kind| {
            let mut options = options.into_iter().flatten();
            options.find(|option| option["kind"] == **kind)
        });
        let outcome = match chosen {
            Some(option) if !is_aborted => {
                json!({"outcome": "selected", "optionId": option["optionId"]})
            }
            Some(_) | None => json!({"outcome": "cancelled"}),
        };
        steps.push(rpc::answer(id, &json!({"outcome": outcome})));
        steps
    }

    fn told(&mut self, method: &str, params: Value) -> Vec<Step> {
        if method != "session/update" {
            // A name of an agent's own begins with an underscore and is for those who know it.
            let is_known = method.starts_with('_');
            let raw = AgentEvent::Raw(json!({"method": method, "params": params}));
            return if is_known {
                Vec::new()
            } else {
                vec![self.emit(raw)]
            };
        }
        let update = &params["update"];
        let kind = update["sessionUpdate"].as_str().unwrap_or_default();
        if kind == "usage_update" && update["cost"]["currency"] == "USD" {
            self.cost_total_usd = update["cost"]["amount"].as_f64();
        }
        let Phase::Turn(turn) = &mut self.phase else {
            return Vec::new();
        };
        let text = update["content"]["text"].as_str().map(str::to_owned);
        match (kind, text) {
            ("agent_message_chunk", Some(text)) => {
                turn.response.push_str(&text);
                vec![self.emit(AgentEvent::Text(text))]
            }
            ("agent_thought_chunk", Some(text)) => vec![self.emit(AgentEvent::Thinking(text))],
            ("tool_call" | "tool_call_update", _) => self.tool(update, false),
            (
                "plan"
                | "available_commands_update"
                | "current_mode_update"
                | "config_option_update"
                | "session_info_update"
                | "usage_update"
                | "user_message_chunk",
                _,
            ) => Vec::new(),
            _ => vec![self.emit(AgentEvent::Raw(update.clone()))],
        }
    }

    fn tool(&mut self, piece: &Value, is_asked: bool) -> Vec<Step> {
        let Phase::Turn(turn) = &mut self.phase else {
            return Vec::new();
        };
        let told = self.tools.piece(piece, is_asked);
        if told.is_new {
            turn.response.clear();
        }
        told.events
            .into_iter()
            .map(|event| self.emit(event))
            .collect()
    }
}

impl Dialogue for Talk {
    fn open(&mut self) -> Vec<Step> {
        let params = json!({
            "protocolVersion": PROTOCOL,
            "clientCapabilities": {"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false},
            "clientInfo": {"name": "vwm", "title": "Virtual Worker Manager", "version": env!("CARGO_PKG_VERSION")},
        });
        vec![self.ask("initialize", &params)]
    }

    fn heard(&mut self, said: Said) -> Vec<Step> {
        let line = match said {
            Said::Line(line) if !matches!(self.phase, Phase::Gone) => line,
            Said::Line(_) | Said::Eof => return Vec::new(),
        };
        if line.trim().is_empty() {
            return Vec::new();
        }
        match rpc::heard(line) {
            Heard::Answer(id, answer) => self.answered(id, answer),
            Heard::Request(id, method, params) => self.asked(&id, &method, &params),
            Heard::Notification(method, params) => self.told(&method, params),
            Heard::Other(value) => vec![self.emit(AgentEvent::Raw(value))],
        }
    }

    fn input(&mut self, _to: SubsessionId, input: Input) -> Vec<Step> {
        match (input, &mut self.phase) {
            (Input::Prompt(prompt), Phase::Idle) => {
                let content = json!([{"type": "text", "text": prompt}]);
                let step = self.ask(
                    "session/prompt",
                    &json!({"sessionId": self.session, "prompt": content}),
                );
                self.phase = Phase::Turn(Turn {
                    request: self.requests,
                    ..Turn::default()
                });
                vec![step]
            }
            (Input::Abort, Phase::Turn(turn)) if !turn.is_aborted => {
                turn.is_aborted = true;
                vec![
                    rpc::notify("session/cancel", &json!({"sessionId": self.session})),
                    Step::Wake(CANCEL, turn.request),
                ]
            }
            // The caller prompts what is open and idle, and there is nothing else to abort.
            (Input::Prompt(_) | Input::Abort, _) => Vec::new(),
        }
    }

    fn woken(&mut self, token: u64) -> Vec<Step> {
        let response = match &mut self.phase {
            Phase::Turn(turn) if turn.is_aborted && turn.request == token => {
                std::mem::take(&mut turn.response)
            }
            Phase::Turn(_)
            | Phase::Initializing
            | Phase::Loading
            | Phase::Beginning(_)
            | Phase::Idle
            | Phase::Gone => return Vec::new(),
        };
        self.phase = Phase::Gone;
        let opening = Opening {
            native: Some(NativeId(self.session.clone())),
            ..self.opening.clone()
        };
        let ending = ending(TurnStatus::Cancelled, response, Some(aborted()));
        vec![
            Step::End(self.opening.subsession, ending),
            Step::Relaunch(opening),
        ]
    }

    fn exited(&mut self, exit: &Exit, stderr: &str) -> Vec<Step> {
        let (turn, when) = match std::mem::replace(&mut self.phase, Phase::Gone) {
            Phase::Gone | Phase::Idle => return Vec::new(),
            Phase::Loading => {
                return vec![Step::Relaunch(Opening {
                    native: None,
                    gave_up: true,
                    ..self.opening.clone()
                })];
            }
            Phase::Turn(turn) => (turn, "worked"),
            Phase::Initializing | Phase::Beginning(_) => (Turn::default(), "started"),
        };
        let error = if turn.is_aborted {
            aborted()
        } else {
            exited("the agent", when, exit, stderr)
        };
        let ending = ending(error.status, turn.response, Some(error));
        vec![Step::End(self.opening.subsession, ending)]
    }
}
