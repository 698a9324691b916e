//! A turn as it happens: the answer on one writer, as it comes; thinking, tools and notices on another, tools folded to a few lines.

mod tools;

use std::collections::BTreeMap;
use std::io::Write;

use console::Style;
use vwm_api::EventBody;

use super::table::{plain, steers};

/// Where the cursor stands.
#[derive(Debug, Clone, PartialEq)]
enum Open {
    /// At the start of a line.
    Nothing,
    /// In the answer.
    Text,
    /// In the thinking.
    Thinking,
    /// Behind a tool's name, whose result belongs on the same line.
    Tool { id: String, width: usize },
    /// Below what a tool was given.
    Below { id: String },
}

/// How much is shown of what a tool gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Results {
    /// Its first lines.
    Lines,
    /// Its size.
    Sizes,
}

/// Shows events.
pub(crate) struct Transcript<O, E> {
    /// The answer's.
    out: O,
    /// Everything else's.
    err: E,
    /// Whether the answer goes to a terminal, which some characters would steer.
    is_terminal: bool,
    /// Whether what is said goes to everything else.
    is_aside: bool,
    results: Results,
    bold: Style,
    dim: Style,
    red: Style,
    green: Style,
    open: Open,
    /// What the tools are called that have not answered yet.
    titles: BTreeMap<String, String>,
}

impl<O: Write, E: Write> Transcript<O, E> {
    /// A transcript that shows the answer on `out` and the rest on `err`.
    pub(crate) fn new(out: O, err: E, is_terminal: bool, is_styled: bool) -> Self {
        let style = || Style::new().force_styling(is_styled);
        Self {
            out,
            err,
            is_terminal,
            is_aside: false,
            results: Results::Lines,
            bold: style().bold(),
            dim: style().dim(),
            red: style().red(),
            green: style().green(),
            open: Open::Nothing,
            titles: BTreeMap::new(),
        }
    }

    /// Shows a line for each tool, and of its result only the size.
    #[must_use]
    pub(crate) fn brief(mut self) -> Self {
        self.results = Results::Sizes;
        self
    }

    /// Keeps what is said from here on away from the answer: it goes where everything else does.
    pub(crate) fn aside(&mut self) {
        self.close();
        self.is_aside = true;
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, body: &EventBody) {
        match body {
            EventBody::Text(text) => self.text(text),
            EventBody::Thinking(text) => self.thinking(text),
            EventBody::ToolCall(call) => self.tool_call(call),
            EventBody::ToolResult(result) => self.tool_result(result),
            EventBody::Notice { code, message } => self.note(&format!("{code}: {message}")),
            EventBody::Status {
                to,
                reason: Some(reason),
                ..
            } => self.note(&format!("{}: {reason}", to.as_str())),
            EventBody::Gap { from, to } => {
                self.note(&format!("events {from} to {to} are no longer kept"));
            }
            EventBody::Complete(_) => self.close(),
            EventBody::Error(error) => {
                self.close();
                let line = self.red.apply_to(plain(&error.message)).to_string();
                self.err_line(&line);
            }
            EventBody::Start(_) | EventBody::Status { reason: None, .. } | EventBody::Raw(_) => {}
        }
    }

    /// Shows a line that is not an event.
    pub(crate) fn note(&mut self, text: &str) {
        self.close();
        let line = self.dim.apply_to(format!("· {}", plain(text))).to_string();
        self.err_line(&line);
    }

    /// Ends the line that is open.
    pub(crate) fn close(&mut self) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing | Open::Below { .. } => {}
            Open::Text => self.write_out("\n"),
            Open::Thinking | Open::Tool { .. } => self.write_err("\n"),
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.open != Open::Text {
            self.close();
        }
        let shown = if self.is_terminal || self.is_aside {
            harmless(text)
        } else {
            text.to_owned()
        };
        self.write_out(&shown);
        self.open = if text.ends_with('\n') {
            Open::Nothing
        } else {
            Open::Text
        };
    }

    fn thinking(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.open != Open::Thinking {
            self.close();
        }
        let shown = self.dim.apply_to(harmless(text)).to_string();
        self.write_err(&shown);
        self.open = if text.ends_with('\n') {
            Open::Nothing
        } else {
            Open::Thinking
        };
    }

    fn err_line(&mut self, line: &str) {
        self.write_err(&format!("{line}\n"));
    }

    fn write_out(&mut self, text: &str) {
        if self.is_aside {
            return self.write_err(text);
        }
        // Whoever reads may rightly be gone; the turn goes on.
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }

    fn write_err(&mut self, text: &str) {
        // Likewise.
        let _ = self.err.write_all(text.as_bytes());
        let _ = self.err.flush();
    }
}

/// The text without what would steer a terminal; lines and tabs stay.
fn harmless(text: &str) -> String {
    text.chars()
        .filter(|it| !steers(*it) || matches!(it, '\n' | '\t'))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vwm_api::{ToolCall, ToolResult, TurnError, TurnStatus};

    use super::*;
    use crate::output::folded::WIDTH;

    fn call(id: &str, name: &str, input: Value) -> EventBody {
        EventBody::ToolCall(ToolCall {
            id: id.into(),
            name: name.into(),
            input,
        })
    }

    fn result(id: &str, output: Value, is_error: bool) -> EventBody {
        EventBody::ToolResult(ToolResult {
            id: id.into(),
            name: Some("Bash".into()),
            output,
            is_error,
        })
    }

    fn shown(events: &[EventBody]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut transcript = Transcript::new(&mut out, &mut err, true, false);
        for event in events {
            transcript.show(event);
        }
        transcript.close();
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(out), text(err))
    }

    #[test]
    fn the_answer_is_alone_on_its_writer_and_tools_are_folded_to_a_few_lines() {
        let (out, err) = shown(&[
            EventBody::Thinking("where ".into()),
            EventBody::Thinking("is it?".into()),
            EventBody::Text("I look".into()),
            EventBody::Text(" around.".into()),
            call("1", "Bash", json!({"command": "ls\n-la", "timeout": 1})),
            result("1", json!("a\nb"), false),
            call("2", "Bash", json!({"command": "cat x"})),
            call("3", "Read", json!({"file_path": "y"})),
            result("3", json!([{"type": "text", "text": "yy"}]), false),
            result("2", json!("\nno such file: x\nat all"), true),
            call(
                "4",
                "Edit",
                json!({"file_path": "z", "old_string": "old", "new_string": "new"}),
            ),
            result("4", json!("done"), false),
            EventBody::Notice {
                code: "retry".into(),
                message: "again".into(),
            },
            EventBody::Text("Done.\n".into()),
            EventBody::Error(TurnError {
                status: TurnStatus::Failed,
                message: "the key is wrong".into(),
                code: "model_auth".into(),
                retryable: false,
                resets_at: None,
            }),
        ]);
        assert_eq!(out, "I look around.\nDone.\n");
        insta::assert_snapshot!(err, @r"
        where is it?
        → Bash ls -la ✓
            a
            b
        → Bash cat x
        → Read y ✓ yy
        → Bash cat x ✗
            no such file: x
            at all
        → Edit z
            - old
            + new
            ✓ done
        · retry: again
        the key is wrong
        ");
    }

    #[test]
    fn a_brief_transcript_tells_sizes() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut transcript = Transcript::new(&mut out, &mut err, false, false).brief();
        transcript.show(&call("1", "Bash", json!({"command": "ls"})));
        transcript.show(&result("1", json!("a\nb"), false));
        transcript.show(&result("2", json!("\nno such\nfile"), true));
        let err = String::from_utf8(err).expect("text");
        assert_eq!(err, "→ Bash ls ✓ 3 bytes back\n→ Bash ✗ no such\n");
    }

    #[test]
    fn what_is_said_aside_is_no_part_of_the_answer() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut transcript = Transcript::new(&mut out, &mut err, false, false);
        transcript.show(&EventBody::Text("The answer".into()));
        transcript.aside();
        transcript.show(&EventBody::Text("and what I learned".into()));
        transcript.close();
        assert_eq!(out, b"The answer\n");
        assert_eq!(err, b"and what I learned\n");
    }

    #[test]
    fn an_answer_cannot_steer_the_terminal() {
        let (out, err) = shown(&[
            EventBody::Text("a\u{1b}[2Jb\u{9b}c\td\r\n".into()),
            call("1", "Bash\u{1b}", json!({ "command": "x".repeat(200) })),
        ]);
        assert_eq!(out, "a[2Jbc\td\n");
        assert_eq!(err, format!("→ Bash  {}…\n", "x".repeat(WIDTH - 7)));
    }
}
