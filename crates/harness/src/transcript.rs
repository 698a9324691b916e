//! The transcript as a harness makes it: from the journal, into a file.

use std::io::{self, Write};

use vwm_api::harness::{Entry, Happened, Record};
use vwm_api::transcript::{self, Said};

/// A transcript as it is written.
pub(crate) struct Transcript<W> {
    into: W,
    lines: transcript::Transcript,
    text: String,
}

impl<W: Write> Transcript<W> {
    pub(crate) fn new(into: W) -> Self {
        Self {
            into,
            lines: transcript::Transcript::default(),
            text: String::new(),
        }
    }

    /// Adds what a record says.
    pub(crate) fn add(&mut self, record: &Record) -> io::Result<()> {
        let (lines, at) = (&mut self.lines, record.at);
        match &record.entry {
            Entry::Accepted { order } => {
                let prompt = Said::Prompt {
                    kind: order.kind,
                    text: &order.prompt,
                };
                lines.begin(order.turn, order.subsession, prompt, at, &mut self.text);
            }
            Entry::Event {
                turn: Some(turn),
                event: Happened::Agent(event),
                ..
            } => {
                if let Some(said) = Said::by_agent(event) {
                    lines.add(*turn, said, at, &mut self.text);
                }
            }
            Entry::Sent { .. } | Entry::Event { .. } => {}
            Entry::Ended { turn, outcome } => {
                let end = Said::End {
                    status: outcome.status,
                    error: outcome.error.as_ref(),
                };
                lines.add(*turn, end, at, &mut self.text);
            }
        }
        self.write()
    }

    /// Adds what is half said: nobody waits for the rest.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        std::mem::take(&mut self.lines).finish(&mut self.text);
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.into.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use vwm_api::harness::TurnOrder;
    use vwm_api::{AgentEvent, SessionId, SubsessionId, Timestamp, TurnId, TurnKind};

    use super::*;

    #[test]
    fn what_was_said_before_a_job_was_lost_is_written_too() {
        let (turn, subsession) = (TurnId::new(), SubsessionId::main(SessionId::new()));
        let order = TurnOrder {
            turn,
            subsession,
            kind: TurnKind::Prompt,
            prompt: "Look.".to_owned(),
            timeout_s: 60,
        };
        let said = |turn, text: &str| Entry::Event {
            turn,
            subsession: Some(subsession),
            event: Happened::Agent(AgentEvent::Text(text.to_owned())),
        };
        let entries = [
            Entry::Accepted { order },
            Entry::Sent { turn },
            said(None, "belongs to no turn"),
            said(Some(turn), "half "),
            said(Some(turn), "a word"),
        ];
        let mut text = Vec::new();
        let mut transcript = Transcript::new(&mut text);
        for (n, entry) in (1..).zip(entries) {
            let record = Record {
                n,
                at: Timestamp::from_micros(n),
                generation: 1,
                entry,
            };
            transcript.add(&record).expect("writes");
        }
        transcript.finish().expect("writes");
        let text = String::from_utf8(text).expect("is text");
        let said: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("is JSON"))
            .map(|line| format!("{}: {}", line["role"], line["text"]))
            .collect();
        assert_eq!(
            said,
            [r#""user": "Look.""#, r#""assistant": "half a word""#]
        );
    }
}
