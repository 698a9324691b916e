//! Transcripts: what was said in a session, one JSON object per line. Who hears it, from a journal or from the store, is elsewhere.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use crate::{
    AgentEvent, EventBody, SubsessionId, Timestamp, ToolCall, ToolResult, TurnError, TurnId,
    TurnKind, TurnStatus,
};

/// The longest text of one line.
const LONGEST: usize = 1 << 20;

/// What a turn says that a transcript writes down.
#[derive(Debug, Clone, Copy)]
pub enum Said<'a> {
    /// The prompt.
    Prompt {
        /// Who asked.
        kind: TurnKind,
        /// What is asked.
        text: &'a str,
    },
    /// A delta of the answer.
    Text(&'a str),
    /// A delta of the thinking.
    Thinking(&'a str),
    /// A tool is used.
    ToolCall(&'a ToolCall),
    /// A tool answered.
    ToolResult(&'a ToolResult),
    /// Something that a person may want to know.
    Notice {
        /// For programs.
        code: &'a str,
        /// For people.
        message: &'a str,
    },
    /// The turn is over.
    End {
        /// How.
        status: TurnStatus,
        /// Why it is not complete.
        error: Option<&'a TurnError>,
    },
}

impl<'a> Said<'a> {
    /// What of an adapter's event is written down.
    #[must_use]
    pub fn by_agent(event: &'a AgentEvent) -> Option<Self> {
        match event {
            AgentEvent::Text(text) => Some(Self::Text(text)),
            AgentEvent::Thinking(text) => Some(Self::Thinking(text)),
            AgentEvent::ToolCall(call) => Some(Self::ToolCall(call)),
            AgentEvent::ToolResult(result) => Some(Self::ToolResult(result)),
            AgentEvent::Notice { code, message } => Some(Self::Notice { code, message }),
            AgentEvent::Start(_) | AgentEvent::Raw(_) => None,
        }
    }

    /// What of a session's event is written down.
    #[must_use]
    pub fn by_event(event: &'a EventBody) -> Option<Self> {
        match event {
            EventBody::Text(text) => Some(Self::Text(text)),
            EventBody::Thinking(text) => Some(Self::Thinking(text)),
            EventBody::ToolCall(call) => Some(Self::ToolCall(call)),
            EventBody::ToolResult(result) => Some(Self::ToolResult(result)),
            EventBody::Notice { code, message } => Some(Self::Notice { code, message }),
            EventBody::Complete(answer) => Some(Self::End {
                status: answer.status,
                error: answer.error.as_ref(),
            }),
            EventBody::Error(error) => Some(Self::End {
                status: error.status,
                error: Some(error),
            }),
            EventBody::Start(_)
            | EventBody::Status { .. }
            | EventBody::Gap { .. }
            | EventBody::Raw(_) => None,
        }
    }
}

/// A transcript as it is made. Deltas are put together: a line holds all that was said between two other things, as long as that
/// is not very long. What it holds back is at most one such line per turn that is not over.
#[derive(Debug, Default)]
pub struct Transcript {
    subsessions: HashMap<TurnId, SubsessionId>,
    open: BTreeMap<TurnId, Open>,
}

/// What is being said.
#[derive(Debug)]
struct Open {
    what: &'static str,
    text: String,
    at: Timestamp,
}

impl Transcript {
    /// Whether the turn's prompt was written, and its end was not.
    #[must_use]
    pub fn has_open(&self, turn: TurnId) -> bool {
        self.subsessions.contains_key(&turn)
    }

    /// Writes the prompt of a turn: the first thing that is said in it.
    pub fn begin(
        &mut self,
        turn: TurnId,
        subsession: SubsessionId,
        prompt: Said<'_>,
        at: Timestamp,
        into: &mut String,
    ) {
        self.subsessions.insert(turn, subsession);
        self.add(turn, prompt, at, into);
    }

    /// Adds the lines that are whole once this was said.
    pub fn add(&mut self, turn: TurnId, said: Said<'_>, at: Timestamp, into: &mut String) {
        let (role, fields) = match said {
            Said::Text(text) => return self.delta(turn, "text", text, at, into),
            Said::Thinking(text) => return self.delta(turn, "thinking", text, at, into),
            Said::Prompt { kind, text } => ("user", json!({"kind": kind, "text": text})),
            Said::ToolCall(call) => ("assistant", json!({"toolCall": call})),
            Said::ToolResult(result) => ("tool", json!({"toolResult": result})),
            Said::Notice { code, message } => {
                let notice = json!({"code": code, "message": message});
                ("vwm", json!({"notice": notice}))
            }
            Said::End { status, error } => ("vwm", json!({"status": status, "error": error})),
        };
        self.close(turn, into);
        self.put(turn, role, fields, at, into);
        if let Said::End { .. } = said {
            self.subsessions.remove(&turn);
        }
    }

    /// Writes what is half said: nobody waits for the rest.
    pub fn finish(mut self, into: &mut String) {
        let open: Vec<_> = self.open.keys().copied().collect();
        for turn in open {
            self.close(turn, into);
        }
    }

    fn delta(
        &mut self,
        turn: TurnId,
        what: &'static str,
        text: &str,
        at: Timestamp,
        into: &mut String,
    ) {
        let fits = |open: &Open| open.what == what && open.text.len() + text.len() <= LONGEST;
        if self.open.get(&turn).is_some_and(|open| !fits(open)) {
            self.close(turn, into);
        }
        let open = self.open.entry(turn).or_insert_with(|| Open {
            what,
            text: String::new(),
            at,
        });
        open.text.push_str(text);
    }

    fn close(&mut self, turn: TurnId, into: &mut String) {
        if let Some(Open { what, text, at }) = self.open.remove(&turn) {
            self.put(turn, "assistant", json!({what: text}), at, into);
        }
    }

    fn put(&self, turn: TurnId, role: &str, fields: Value, at: Timestamp, into: &mut String) {
        let mut line = Map::new();
        line.insert("role".to_owned(), role.into());
        line.insert("requestId".to_owned(), json!(turn));
        if let Some(subsession) = self.subsessions.get(&turn) {
            line.insert("subsessionId".to_owned(), json!(subsession));
        }
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        line.insert("at".to_owned(), json!(at));
        into.push_str(&Value::Object(line).to_string());
        into.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says all of it in one turn, a microsecond apart, and returns the lines.
    fn told(said: &[Said<'_>]) -> Vec<Value> {
        let (turn, subsession) = (TurnId::new(), SubsessionId(TurnId::new().0));
        let mut transcript = Transcript::default();
        let mut text = String::new();
        for (n, said) in (0..).zip(said) {
            let at = Timestamp::from_micros(n);
            match said {
                Said::Prompt { .. } => transcript.begin(turn, subsession, *said, at, &mut text),
                _ => transcript.add(turn, *said, at, &mut text),
            }
        }
        transcript.finish(&mut text);
        let text = text
            .replace(&turn.to_string(), "[turn]")
            .replace(&subsession.to_string(), "[subsession]");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect()
    }

    #[test]
    fn each_thing_that_is_said_has_its_line() {
        let call = ToolCall {
            id: "t1".into(),
            name: "Bash".into(),
            input: json!({"command": "ls"}),
        };
        let result = ToolResult {
            id: "t1".into(),
            name: None,
            output: json!("a\nb"),
            is_error: false,
        };
        let lines = told(&[
            Said::Prompt {
                kind: TurnKind::Prompt,
                text: "Look.",
            },
            Said::Thinking("hm"),
            Said::Text("I "),
            Said::Text("look."),
            Said::ToolCall(&call),
            Said::ToolResult(&result),
            Said::Notice {
                code: "retry",
                message: "again",
            },
            Said::Text("Two files."),
            Said::End {
                status: TurnStatus::Complete,
                error: None,
            },
        ]);
        let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"role":"user","requestId":"[turn]","subsessionId":"[subsession]","kind":"prompt","text":"Look.","at":"1970-01-01T00:00:00Z"}
        {"role":"assistant","requestId":"[turn]","subsessionId":"[subsession]","thinking":"hm","at":"1970-01-01T00:00:00.000001Z"}
        {"role":"assistant","requestId":"[turn]","subsessionId":"[subsession]","text":"I look.","at":"1970-01-01T00:00:00.000002Z"}
        {"role":"assistant","requestId":"[turn]","subsessionId":"[subsession]","toolCall":{"id":"t1","name":"Bash","input":{"command":"ls"}},"at":"1970-01-01T00:00:00.000004Z"}
        {"role":"tool","requestId":"[turn]","subsessionId":"[subsession]","toolResult":{"id":"t1","name":null,"output":"a\nb","isError":false},"at":"1970-01-01T00:00:00.000005Z"}
        {"role":"vwm","requestId":"[turn]","subsessionId":"[subsession]","notice":{"code":"retry","message":"again"},"at":"1970-01-01T00:00:00.000006Z"}
        {"role":"assistant","requestId":"[turn]","subsessionId":"[subsession]","text":"Two files.","at":"1970-01-01T00:00:00.000007Z"}
        {"role":"vwm","requestId":"[turn]","subsessionId":"[subsession]","status":"complete","error":null,"at":"1970-01-01T00:00:00.000008Z"}
        "#);
    }

    #[test]
    fn what_is_said_at_length_is_several_lines_and_nothing_of_it_is_lost() {
        let half = "é".repeat(LONGEST / 4);
        let notice = Said::Notice {
            code: "done",
            message: "it is over",
        };
        let lines = told(&[
            Said::Text(&half),
            Said::Text(&half),
            Said::Text("more"),
            notice,
        ]);
        assert_eq!(lines[0]["text"], half.clone() + &half);
        assert_eq!(lines[1]["text"], "more");
        assert_eq!(lines[2]["notice"]["code"], "done");
        assert_eq!(lines.len(), 3);
    }
}
