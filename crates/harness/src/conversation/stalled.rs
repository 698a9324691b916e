//! Sees that an engine says nothing for long in a turn, and what it seems to wait for. It ends nothing.

use std::time::Duration;

use tokio::time::Instant;
use vwm_api::AgentEvent;

use crate::door::Traffic;

/// How many tools that run at once are known by name; an engine may begin them without end.
const TOOLS: usize = 256;

/// The watch over one turn.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// Never, where there is none.
    after: Option<Duration>,
    /// When something was heard last, of the engine or of its model.
    heard: Instant,
    /// This silence was told.
    is_told: bool,
    /// What runs, oldest first: the call's id, the name, since when.
    tools: Vec<(String, String, Instant)>,
}

impl Watchdog {
    /// A watch from now on; 0 seconds are never.
    pub(super) fn new(after_s: u64, now: Instant) -> Self {
        Self {
            after: (after_s > 0).then(|| Duration::from_secs(after_s)),
            heard: now,
            is_told: false,
            tools: Vec::new(),
        }
    }

    /// The engine said something.
    pub(super) fn hears(&mut self, now: Instant) {
        self.heard = now;
        self.is_told = false;
    }

    /// What it said may be that a tool runs, or ran.
    pub(super) fn notes(&mut self, event: &AgentEvent, now: Instant) {
        match event {
            AgentEvent::ToolCall(call) if self.tools.len() < TOOLS => {
                let name: String = call.name.chars().take(100).collect();
                self.tools.push((call.id.clone(), name, now));
            }
            AgentEvent::ToolResult(result) => self.tools.retain(|(id, ..)| *id != result.id),
            AgentEvent::ToolCall(_)
            | AgentEvent::Start(_)
            | AgentEvent::Text(_)
            | AgentEvent::Thinking(_)
            | AgentEvent::Notice { .. }
            | AgentEvent::Raw(_) => {}
        }
    }

    /// When to look; never again before something is heard, once a silence is told.
    pub(super) fn due(&self) -> Option<Instant> {
        let after = self.after.filter(|_| !self.is_told)?;
        // A time that no clock reaches is never.
        self.heard.checked_add(after)
    }

    /// Looks; what comes out is to be told. A model that still sends is no silence.
    pub(super) fn looks(&mut self, now: Instant, model: &Traffic) -> Option<String> {
        if let Some(sent) = model.last_byte {
            self.heard = self.heard.max(sent);
        }
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        self.is_told = true;
        let silence = now.saturating_duration_since(self.heard).as_secs();
        Some(match self.tools.first() {
            Some((_, name, since)) => {
                let runs = now.saturating_duration_since(*since).as_secs();
                format!(
                    "the engine has said nothing for {silence} s: its tool {name} runs for {runs} s; wait, or abort the turn"
                )
            }
            None if model.open > 0 => format!(
                "the engine has said nothing for {silence} s: it waits for its model, which sends nothing; wait, or abort the turn"
            ),
            None => format!(
                "the engine has said nothing for {silence} s; it still runs: wait, or abort the turn"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vwm_api::{ToolCall, ToolResult};

    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn sends(open: u32, last_byte: Option<Instant>) -> Traffic {
        Traffic { open, last_byte }
    }

    #[test]
    fn each_silence_is_told_once() {
        let start = Instant::now();
        let mut watch = Watchdog::new(60, start);
        assert_eq!(watch.due(), Some(at(start, 60)));
        assert_eq!(watch.looks(at(start, 59), &sends(0, None)), None);
        insta::assert_snapshot!(watch.looks(at(start, 61), &sends(0, None)).expect("it is told"), @"the engine has said nothing for 61 s; it still runs: wait, or abort the turn");
        assert_eq!(watch.due(), None);
        assert_eq!(watch.looks(at(start, 600), &sends(0, None)), None);
        watch.hears(at(start, 700));
        assert_eq!(watch.due(), Some(at(start, 760)));
        insta::assert_snapshot!(watch.looks(at(start, 760), &sends(1, None)).expect("it is told"), @"the engine has said nothing for 60 s: it waits for its model, which sends nothing; wait, or abort the turn");
    }

    #[test]
    fn a_model_that_sends_is_no_silence() {
        let start = Instant::now();
        let mut watch = Watchdog::new(60, start);
        let sent = Some(at(start, 50));
        assert_eq!(watch.looks(at(start, 60), &sends(1, sent)), None);
        assert_eq!(watch.due(), Some(at(start, 110)));
        assert!(watch.looks(at(start, 110), &sends(1, sent)).is_some());
    }

    #[test]
    fn a_tool_that_runs_is_named_and_nothing_watches_where_nobody_wants_it() {
        let start = Instant::now();
        let mut watch = Watchdog::new(60, start);
        let call = |id: &str, name: &str| {
            AgentEvent::ToolCall(ToolCall {
                id: id.to_owned(),
                name: name.to_owned(),
                input: json!({}),
            })
        };
        watch.notes(&call("1", "make"), at(start, 10));
        watch.notes(&call("2", "test"), at(start, 20));
        watch.hears(at(start, 20));
        insta::assert_snapshot!(watch.looks(at(start, 80), &sends(0, None)).expect("it is told"), @"the engine has said nothing for 60 s: its tool make runs for 70 s; wait, or abort the turn");
        watch.hears(at(start, 90));
        let result = ToolResult {
            id: "1".to_owned(),
            name: None,
            output: json!(null),
            is_error: false,
        };
        watch.notes(&AgentEvent::ToolResult(result), at(start, 90));
        let told = watch.looks(at(start, 150), &sends(0, None));
        assert!(told.is_some_and(|told| told.contains("its tool test runs for 130 s")));
        assert_eq!(Watchdog::new(0, start).due(), None);
    }
}
