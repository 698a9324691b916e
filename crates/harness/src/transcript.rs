//! The transcript: what was said in a session, one JSON object per line, made from the journal.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use vwm_api::harness::{Entry, Happened, Record};
use vwm_api::{AgentEvent, TurnId};

/// The longest text of one line.
const LONGEST: usize = 1 << 20;

/// A transcript as it is written. Deltas are put together: a line holds all that was said between two other things, as long as that
/// is not very long.
pub(crate) struct Transcript<W> {
    into: W,
    open: HashMap<TurnId, (&'static str, String)>,
}

impl<W: Write> Transcript<W> {
    pub(crate) fn new(into: W) -> Self {
        Self {
            into,
            open: HashMap::new(),
        }
    }

    /// Adds what a record says.
    pub(crate) fn add(&mut self, record: &Record) -> io::Result<()> {
        let at = record.at;
        match &record.entry {
            Entry::Accepted { order } => {
                let line = json!({"role": "user", "requestId": order.turn, "subsessionId": order.subsession, "kind": order.kind, "text": order.prompt, "at": at});
                self.put(&line)?;
            }
            Entry::Sent { .. } => {}
            Entry::Event {
                turn,
                event: Happened::Agent(event),
                ..
            } => {
                let Some(turn) = turn else { return Ok(()) };
                let delta = match event {
                    AgentEvent::Text(text) => Some(("text", text)),
                    AgentEvent::Thinking(text) => Some(("thinking", text)),
                    _ => None,
                };
                if let Some((what, text)) = delta {
                    let fits = |(known, before): &(&str, String)| {
                        *known == what && before.len() + text.len() <= LONGEST
                    };
                    if self.open.get(turn).is_some_and(|before| !fits(before)) {
                        self.close(*turn)?;
                    }
                    self.open
                        .entry(*turn)
                        .or_insert_with(|| (what, String::new()))
                        .1
                        .push_str(text);
                    return Ok(());
                }
                let line = match event {
                    AgentEvent::ToolCall(call) => {
                        json!({"role": "assistant", "requestId": turn, "toolCall": call, "at": at})
                    }
                    AgentEvent::ToolResult(result) => {
                        json!({"role": "tool", "requestId": turn, "toolResult": result, "at": at})
                    }
                    AgentEvent::Notice { code, message } => {
                        json!({"role": "vwm", "requestId": turn, "notice": {"code": code, "message": message}, "at": at})
                    }
                    AgentEvent::Start(_)
                    | AgentEvent::Text(_)
                    | AgentEvent::Thinking(_)
                    | AgentEvent::Raw(_) => return Ok(()),
                };
                self.close(*turn)?;
                self.put(&line)?;
            }
            Entry::Event {
                event: Happened::Native(_),
                ..
            } => {}
            Entry::Ended { turn, outcome } => {
                self.close(*turn)?;
                let line = json!({"role": "vwm", "requestId": turn, "status": outcome.status, "error": outcome.error, "at": at});
                self.put(&line)?;
            }
        }
        Ok(())
    }

    fn close(&mut self, turn: TurnId) -> io::Result<()> {
        let Some((what, text)) = self.open.remove(&turn) else {
            return Ok(());
        };
        self.put(&json!({"role": "assistant", "requestId": turn, what: text}))
    }

    fn put(&mut self, line: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.into, line)?;
        self.into.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use vwm_api::Timestamp;

    use super::*;

    #[test]
    fn what_is_said_at_length_is_several_lines_and_nothing_of_it_is_lost() {
        let turn = TurnId::new();
        let said = |n: i64, text: String| Record {
            n,
            at: Timestamp::from_micros(n),
            generation: 1,
            entry: Entry::Event {
                turn: Some(turn),
                subsession: None,
                event: Happened::Agent(AgentEvent::Text(text)),
            },
        };
        let notice = Record {
            entry: Entry::Event {
                turn: Some(turn),
                subsession: None,
                event: Happened::Agent(AgentEvent::notice("done", "it is over")),
            },
            ..said(4, String::new())
        };
        let (half, little) = ("é".repeat(LONGEST / 4), "more".to_owned());
        let mut text = Vec::new();
        let mut transcript = Transcript::new(&mut text);
        for record in [
            said(1, half.clone()),
            said(2, half.clone()),
            said(3, little.clone()),
            notice,
        ] {
            transcript.add(&record).expect("writes");
        }
        let lines: Vec<Value> = text
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| serde_json::from_slice(line).expect("is JSON"))
            .collect();
        assert_eq!(lines[0]["text"], half.clone() + &half);
        assert_eq!(lines[1]["text"], little);
        assert_eq!(lines[2]["notice"]["code"], "done");
        assert_eq!(lines.len(), 3);
    }
}
