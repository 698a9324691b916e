//! The agent's script: rules and steps, as a file says them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ScriptedError;
use crate::agent::gate;
use crate::capture::Captured;
use crate::rule::{self, Playable, Rule};

/// What an agent plays; the default one has no rules.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentScript {
    /// The first one that fits is played, all its steps in one prompt.
    pub rules: Vec<Rule<AgentStep>>,
    /// The model server whose gates `hold` uses: `http://127.0.0.1:PORT`.
    pub control: Option<String>,
}

impl AgentScript {
    /// Understands a script's JSON, and says what is wrong with it and where.
    pub fn parse(json: &str) -> Result<Self, ScriptedError> {
        Self::parse_from("the script", json)
    }

    /// Likewise, from a file.
    pub fn read(path: &Path) -> Result<Self, ScriptedError> {
        Self::parse_from(
            &format!("the script {}", path.display()),
            &rule::read(path)?,
        )
    }

    fn parse_from(origin: &str, json: &str) -> Result<Self, ScriptedError> {
        let script: Self = rule::parse(origin, json)?;
        rule::check(origin, &script.rules)?;
        let mut steps = script.rules.iter().flat_map(|rule| &rule.steps);
        let wrong = |place: &str, fault: &str| ScriptedError::Script {
            origin: origin.to_owned(),
            place: place.to_owned(),
            fault: fault.to_owned(),
        };
        match &script.control {
            Some(url) if gate::authority(url).is_none() => Err(wrong(
                "control",
                "it must be the address of a model server, as http://127.0.0.1:PORT",
            )),
            None if steps.any(|step| step.hold.is_some()) => Err(wrong(
                "control",
                "hold needs the address of a model server, as http://127.0.0.1:PORT; add it",
            )),
            Some(_) | None => Ok(script),
        }
    }
}

/// A part of the agent's answer. What a step has is played in the order of the fields here.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentStep {
    /// From here to the end of the turn neither `session/cancel` nor the end of the input changes anything.
    pub ignore_cancel: bool,
    /// How long nothing comes.
    pub delay_ms: u64,
    /// The gate before which nothing comes.
    pub hold: Option<String>,
    /// A thought.
    pub think: Option<String>,
    /// A text.
    pub text: Option<String>,
    /// In how many chunks the text comes; one unless said.
    pub chunks: Option<usize>,
    /// How long each further chunk of the text waits.
    pub chunk_delay_ms: u64,
    /// A line of its own on standard output, whatever it is.
    pub garbage: Option<String>,
    /// A text of so many bytes, in one line.
    pub big_line: Option<usize>,
    /// A file to write, `[path, content]`; paths are relative to the session's folder.
    pub write: Option<(String, String)>,
    /// A file to read.
    pub read: Option<String>,
    /// A shell command to run; it is killed when the turn is cancelled.
    pub shell: Option<String>,
    /// A shell command that goes on alone: forked twice, in a session of its own, with an empty environment.
    pub daemon: Option<String>,
    /// Bytes to say to somebody, `[whom, what]`: to an address `127.0.0.1:PORT`, or to the socket at an absolute path. What comes
    /// back until the other side hangs up is the tool's result.
    pub call: Option<(String, String)>,
    /// The agent's own environment and command line, as a tool's result.
    pub env: bool,
    /// `session/request_permission` is asked of the client, and its reply told in a text.
    pub ask_permission: bool,
    /// Likewise `fs/read_text_file`, of `/etc/passwd`.
    pub fs_read: bool,
    /// Likewise `terminal/create`, of `id`.
    pub terminal: bool,
    /// The prompt is answered with a JSON-RPC error of that message.
    pub fail: Option<String>,
    /// The prompt's stop reason, if nothing ends it earlier.
    pub stop: Option<StopReason>,
    /// The process ends with this code, without an answer.
    pub exit: Option<i32>,
}

impl Playable for AgentStep {
    fn fill(&mut self, captured: &Captured) {
        let texts = [
            &mut self.text,
            &mut self.think,
            &mut self.read,
            &mut self.shell,
            &mut self.daemon,
            &mut self.fail,
        ];
        let pairs = [&mut self.write, &mut self.call];
        let pairs = pairs.into_iter().flatten();
        let texts = texts.into_iter().flatten();
        for text in texts.chain(pairs.flat_map(|(one, other)| [one, other])) {
            captured.fill(text);
        }
    }

    fn check(&self) -> Result<(), String> {
        if *self == Self::default() {
            return Err("it does nothing; give it a text, for example".into());
        }
        if self.chunks == Some(0) {
            return Err("chunks must be 1 or more".into());
        }
        Ok(())
    }
}

/// Why a turn stopped, as the protocol calls it; cancelling is not scripted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All was said.
    #[default]
    EndTurn,
    /// The agent will not go on.
    Refusal,
    /// The answer grew too long.
    MaxTokens,
    /// The model was asked too often.
    MaxTurnRequests,
}
