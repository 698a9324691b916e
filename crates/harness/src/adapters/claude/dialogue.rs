//! The talk with one Claude Code process.

use std::time::Duration;

use serde_json::{Value, json};
use vwm_api::{AgentEvent, NativeId, SubsessionId, TurnStatus};

use super::result;
use super::turn::Turn;
use crate::adapter::{Dialogue, Input, Opening, Said, Step};
use crate::adapters::ending::{aborted, ending, engine_failed, exited};
use crate::process::Exit;

/// How long an interrupt may take before the process is given up.
const INTERRUPT: Duration = Duration::from_secs(3);

/// What it says of a new conversation's id that it knows already.
const ID_IN_USE: &str = "is already in use";

/// The talk with one process, about one conversation.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) opening: Opening,
    /// The engine's id of the conversation.
    pub(super) id: String,
    /// Whether the world knows the id.
    is_id_told: bool,
    pub(super) phase: Phase,
    turns: u64,
    pub(super) model: Option<String>,
}

#[derive(Debug)]
pub(super) enum Phase {
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

    pub(super) fn emit(&self, event: AgentEvent) -> Step {
        Step::Emit(self.opening.subsession, event)
    }

    pub(super) fn turn(&mut self) -> Option<&mut Turn> {
        match &mut self.phase {
            Phase::Turn(turn) => Some(turn),
            Phase::Opening | Phase::Idle | Phase::Uninvited(_) | Phase::Gone => None,
        }
    }

    /// The conversation cannot go on: another one begins.
    pub(super) fn not_resumed(&mut self) -> Vec<Step> {
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
    pub(super) fn fail(&mut self, message: String) -> Vec<Step> {
        self.phase = Phase::Gone;
        let ending = ending(
            TurnStatus::Failed,
            String::new(),
            Some(engine_failed(message, true)),
        );
        vec![Step::End(self.opening.subsession, ending)]
    }

    pub(super) fn native(&mut self) -> Step {
        self.is_id_told = true;
        Step::Native(self.opening.subsession, NativeId(self.id.clone()))
    }

    fn resuming(&self) -> Opening {
        Opening {
            native: Some(NativeId(self.id.clone())),
            ..self.opening.clone()
        }
    }

    pub(super) fn raw(&self, line: &Value) -> Vec<Step> {
        vec![self.emit(AgentEvent::Raw(line.clone()))]
    }
}

impl Dialogue for Talk {
    fn open(&mut self) -> Vec<Step> {
        vec![say(
            &json!({"type": "control_request", "request_id": "open",
            "request": {"subtype": "initialize", "hooks": null}}),
        )]
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
        self.line(&line)
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
                    phase @ (Phase::Opening
                    | Phase::Turn(_)
                    | Phase::Uninvited(Some(_))
                    | Phase::Gone) => {
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
                steps.push(say(
                    &json!({"type": "user", "message": {"role": "user", "content": content}}),
                ));
                steps
            }
            Input::Abort => match &mut self.phase {
                Phase::Turn(turn) | Phase::Uninvited(Some(turn)) if !turn.is_aborted => {
                    turn.is_aborted = true;
                    let id = format!("abort-{}", turn.number);
                    vec![
                        say(
                            &json!({"type": "control_request", "request_id": id, "request": {"subtype": "interrupt"}}),
                        ),
                        Step::Wake(INTERRUPT, turn.number),
                    ]
                }
                Phase::Turn(_)
                | Phase::Uninvited(_)
                | Phase::Opening
                | Phase::Idle
                | Phase::Gone => Vec::new(),
            },
        }
    }

    fn woken(&mut self, token: u64) -> Vec<Step> {
        let response = match &self.phase {
            Phase::Turn(turn) | Phase::Uninvited(Some(turn))
                if turn.is_aborted && turn.number == token =>
            {
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
            Phase::Opening if self.opening.native.is_none() && stderr.contains(ID_IN_USE) => {
                self.found_in_use()
            }
            Phase::Opening
                if self.opening.native.is_some()
                    && stderr.contains(result::UNKNOWN_CONVERSATION) =>
            {
                self.not_resumed()
            }
            Phase::Opening => {
                let error = exited("Claude Code", "started", exit, stderr);
                let ending = ending(TurnStatus::Failed, String::new(), Some(error));
                vec![Step::End(self.opening.subsession, ending)]
            }
            Phase::Turn(turn) | Phase::Uninvited(Some(turn)) => {
                let error = if turn.is_aborted {
                    aborted()
                } else {
                    exited("Claude Code", "worked", exit, stderr)
                };
                let mut ending = ending(error.status, turn.response(), Some(error));
                ending.model.clone_from(&self.model);
                vec![Step::End(self.opening.subsession, ending)]
            }
        }
    }
}

pub(super) fn say(line: &Value) -> Step {
    Step::Say(line.to_string())
}
