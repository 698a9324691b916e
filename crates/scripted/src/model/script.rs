//! The model server's script: rules and steps, as a file says them.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::ScriptedError;
use crate::capture::Captured;
use crate::rule::{self, Playable, Rule};

/// What a model server plays; the default one has no rules.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// The first one that fits is played.
    pub rules: Vec<Rule<Step>>,
    /// What every answer is said to have used.
    pub usage: UsageChange,
}

impl Script {
    /// Understands a script's JSON, and says what is wrong with it and where.
    pub fn parse(json: &str) -> Result<Self, ScriptedError> {
        Self::parse_from("the script", json)
    }

    /// Likewise, from a value.
    pub fn from_value(value: &Value) -> Result<Self, ScriptedError> {
        Self::parse(&value.to_string())
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
        Ok(script)
    }
}

/// One answer of the model: what it says, then how the saying goes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// The answer's text.
    pub text: Option<String>,
    /// Its thinking.
    pub think: Option<String>,
    /// A file to write, `[path, content]`, with whatever tool is offered for it.
    pub write: Option<(String, String)>,
    /// A shell command, likewise.
    pub shell: Option<String>,
    /// A tool by its name.
    pub tool: Option<ToolUse>,
    /// Several tools in one answer.
    pub tools: Vec<Action>,

    /// How long nothing comes, not even the headers.
    pub delay_ms: u64,
    /// How long each further chunk of the text waits.
    pub chunk_delay_ms: u64,
    /// In how many chunks the text comes; two unless said.
    pub chunks: Option<usize>,
    /// The gate before which nothing comes, not even the headers.
    pub hold: Option<String>,
    /// The gate after the first half of the text; an answer without text is held before its end.
    pub hold_mid: Option<String>,

    /// This status instead of an answer.
    pub error: Option<u16>,
    /// What is said beside `error`, instead of the usual words for that status.
    pub error_text: Option<String>,
    /// The header of that name, in seconds, beside `error`.
    pub retry_after: Option<u64>,
    /// The connection is cut where `hold_mid` would hold.
    pub drop: bool,
    /// The connection is cut before any byte of an answer.
    pub drop_first_bytes: bool,
    /// The headers come, and then nothing ever.
    pub silent: bool,
    /// `error`, `drop`, `drop_first_bytes` and `silent` are for so many first requests; later ones are answered without them.
    pub times: Option<u64>,

    /// What this answer is said to have used.
    pub usage: UsageChange,
    /// Why it is said to have stopped: `max_tokens`.
    pub stop: Option<String>,
}

impl Step {
    /// A step that says a text.
    pub fn says(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Returns the tools that it uses, in their order.
    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if let Some((path, content)) = &self.write {
            actions.push(Action::Write(path.clone(), content.clone()));
        }
        actions.extend(self.shell.clone().map(Action::Shell));
        actions.extend(self.tool.clone().map(Action::Tool));
        actions.extend(self.tools.iter().cloned());
        actions
    }

    fn is_faulty(&self) -> bool {
        self.error.is_some() || self.drop || self.drop_first_bytes || self.silent
    }

    /// Returns the same step as it is once its faults are used up.
    pub(super) fn without_faults(self) -> Self {
        Self {
            error: None,
            error_text: None,
            retry_after: None,
            drop: false,
            drop_first_bytes: false,
            silent: false,
            ..self
        }
    }
}

impl Playable for Step {
    fn fill(&mut self, captured: &Captured) {
        for text in [&mut self.text, &mut self.think, &mut self.shell]
            .into_iter()
            .flatten()
        {
            captured.fill(text);
        }
        if let Some((path, content)) = &mut self.write {
            captured.fill(path);
            captured.fill(content);
        }
        if let Some(tool) = &mut self.tool {
            captured.fill_value(&mut tool.input);
        }
        for action in &mut self.tools {
            action.fill(captured);
        }
    }

    fn check(&self) -> Result<(), String> {
        let says = self.text.is_some() || self.think.is_some() || !self.actions().is_empty();
        let answers_never =
            self.times.is_none() && (self.error.is_some() || self.drop_first_bytes || self.silent);
        if !says && !answers_never {
            return Err(
                "it says nothing; give it a text, think, write, shell, tool or tools".into(),
            );
        }
        if self
            .error
            .is_some_and(|status| !(400..=599).contains(&status))
        {
            return Err("error must be a status from 400 to 599".into());
        }
        if self.retry_after.is_some() && self.error.is_none() {
            return Err("retry_after goes with error; add one".into());
        }
        if self.error_text.is_some() && self.error.is_none() {
            return Err("error_text goes with error; add one".into());
        }
        if self.times.is_some() && !self.is_faulty() {
            return Err("times goes with error, drop, drop_first_bytes or silent; add one".into());
        }
        if self.chunks == Some(0) {
            return Err("chunks must be 1 or more".into());
        }
        Ok(())
    }
}

/// One use of a tool.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Write a file: path and content.
    Write(String, String),
    /// Run a shell command.
    Shell(String),
    /// Use the tool of that name.
    Tool(ToolUse),
}

impl Action {
    fn fill(&mut self, captured: &Captured) {
        match self {
            Self::Write(path, content) => {
                captured.fill(path);
                captured.fill(content);
            }
            Self::Shell(command) => captured.fill(command),
            Self::Tool(tool) => captured.fill_value(&mut tool.input),
        }
    }
}

/// A tool by its name, or by the end of it: `echo` finds `mcp__lab__echo`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolUse {
    /// The name.
    pub name: String,
    /// What it is given.
    #[serde(default)]
    pub input: Value,
}

/// The tokens that an answer is said to have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Read, without what the cache knew.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read from the cache.
    pub cached: u64,
    /// Written to the cache.
    pub cache_write: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            input: 1250,
            output: 89,
            cached: 300,
            cache_write: 40,
        }
    }
}

/// What is different from the usage that holds otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsageChange {
    /// Read, without what the cache knew.
    pub input: Option<u64>,
    /// Written.
    pub output: Option<u64>,
    /// Read from the cache.
    pub cached: Option<u64>,
    /// Written to the cache.
    pub cache_write: Option<u64>,
}

impl UsageChange {
    pub(super) fn over(self, base: Usage) -> Usage {
        Usage {
            input: self.input.unwrap_or(base.input),
            output: self.output.unwrap_or(base.output),
            cached: self.cached.unwrap_or(base.cached),
            cache_write: self.cache_write.unwrap_or(base.cache_write),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> String {
        Script::parse(json).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_wrong_script_says_where_and_what() {
        let unknown = fault(r#"{"rules": [{"when": "", "steps": [{"txt": "hi"}]}]}"#);
        assert!(
            unknown.starts_with("the script is wrong at rules[0].steps[0].txt: unknown field `txt`, expected one of `text`"),
            "{unknown}"
        );
        assert_eq!(
            fault(r#"{"rules": [{"when": "", "steps": [{"text": "hi"}, {"hold": "g"}]}]}"#),
            "the script is wrong at rules[0].steps[1]: it says nothing; give it a text, think, write, shell, tool or tools"
        );
        assert_eq!(
            fault(r#"{"rules": [{"when": "", "steps": [{"text": "hi", "times": 2}]}]}"#),
            "the script is wrong at rules[0].steps[0]: times goes with error, drop, drop_first_bytes or silent; add one"
        );
        assert_eq!(
            fault(r#"{"rules": [{"when": "x", "steps": []}]}"#),
            "the script is wrong at rules[0].steps: it needs a step"
        );
    }
}
