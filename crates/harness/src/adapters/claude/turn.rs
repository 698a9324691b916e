//! What is remembered of a turn while it runs.

use std::collections::{HashMap, HashSet};

/// One turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Counts the turns of the process; the token of its wake-ups.
    pub(super) number: u64,
    /// Whether somebody asked to stop it.
    pub(super) is_aborted: bool,
    /// The engine's word for the error that it met: `rate_limit`.
    pub(super) error: Option<String>,
    /// The tools in use, by the ids of their calls.
    pub(super) tools: HashMap<String, String>,
    /// The message that is being streamed.
    message: Option<String>,
    /// What has come of messages as deltas, by message and kind of block: its whole block is no news.
    streamed: HashSet<(String, &'static str)>,
    /// The text since the last tool call, from whole blocks.
    answer: String,
    /// The deltas of the block that is not whole yet.
    partial: String,
}

impl Turn {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// A message begins to stream. Returns whether it takes the place of one that broke off.
    pub(super) fn message(&mut self, id: Option<&str>) -> bool {
        let is_abandoned = self.is_abandoned_for(id);
        self.message = id.map(str::to_owned);
        is_abandoned
    }

    /// Whether a block was begun that will not be finished, because another message came. It is forgotten.
    pub(super) fn is_abandoned_for(&mut self, message: Option<&str>) -> bool {
        let is_abandoned = !self.partial.is_empty() && self.message.as_deref() != message;
        if is_abandoned {
            self.partial.clear();
        }
        is_abandoned
    }

    /// A delta came.
    pub(super) fn delta(&mut self, kind: &'static str, text: &str) {
        if let Some(message) = &self.message {
            self.streamed.insert((message.clone(), kind));
        }
        if kind == "text" {
            self.partial.push_str(text);
        }
    }

    /// A whole block came. Returns whether it is news.
    pub(super) fn block(&mut self, message: Option<&str>, kind: &'static str, text: &str) -> bool {
        if kind == "text" {
            self.partial.clear();
            self.answer.push_str(text);
        }
        let key = (message.unwrap_or_default().to_owned(), kind);
        !self.streamed.contains(&key)
    }

    /// A tool is used.
    pub(super) fn tool(&mut self, id: &str, name: &str) {
        self.tools.insert(id.to_owned(), name.to_owned());
    }

    /// The engine itself uses a tool: what it said before is no longer the answer.
    pub(super) fn forget_answer(&mut self) {
        self.answer.clear();
        self.partial.clear();
    }

    /// The text after the last tool call.
    pub(super) fn response(&self) -> String {
        format!("{}{}", self.answer, self.partial)
    }
}
