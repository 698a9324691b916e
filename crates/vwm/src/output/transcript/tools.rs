//! Tools in a transcript: what each is given, and the first of what it gives back.

use std::io::Write;

use vwm_api::{ToolCall, ToolResult};

use super::{Open, Results, Transcript};
use crate::output::folded::{details, first_lines, folded, gist, words};
use crate::output::numbers;

/// The widest line that a result is put behind its tool on.
const LINE: usize = 98;
/// Before each line of what a tool was given or gave back.
const INDENT: &str = "    ";

impl<O: Write, E: Write> Transcript<O, E> {
    /// Shows that a tool is used.
    pub(super) fn tool_call(&mut self, call: &ToolCall) {
        self.close();
        let title = self.title(call);
        self.titles.insert(call.id.clone(), title.clone());
        let width = self.tool_line(&title);
        let details = match self.results {
            Results::Lines => details(&call.input),
            Results::Sizes => Vec::new(),
        };
        if details.is_empty() {
            self.open = Open::Tool {
                id: call.id.clone(),
                width,
            };
            return;
        }
        self.write_err("\n");
        for (mark, line) in details {
            let style = match mark {
                '-' => &self.red,
                '+' => &self.green,
                _ => &self.dim,
            };
            let line = style.apply_to(format!("{mark} {line}")).to_string();
            self.err_line(&format!("{INDENT}{line}"));
        }
        self.open = Open::Below {
            id: call.id.clone(),
        };
    }

    /// What a call is called: the tool, and what it is about.
    fn title(&self, call: &ToolCall) -> String {
        let gist = gist(&call.input);
        // Some engines name the use of a tool by what it is about.
        if call.name.ends_with(&gist) {
            folded(&call.name)
        } else {
            folded(&format!("{} {gist}", call.name))
        }
    }

    /// Begins a line with a tool's title, and tells how wide it is.
    fn tool_line(&mut self, title: &str) -> usize {
        let (name, rest) = match title.split_once(' ') {
            Some((name, rest)) => (name, format!(" {rest}")),
            None => (title, String::new()),
        };
        let (arrow, name) = (self.dim.apply_to("→"), self.bold.apply_to(name));
        let line = format!("{arrow} {name}{}", self.dim.apply_to(rest));
        self.write_err(&line);
        title.chars().count() + 2
    }

    /// Shows what came of it.
    pub(super) fn tool_result(&mut self, result: &ToolResult) {
        let title = self.titles.remove(&result.id);
        let (mut width, mut is_below) = (0, false);
        match &self.open {
            Open::Tool { id, width: wide } if *id == result.id => width = *wide,
            Open::Below { id } if *id == result.id => is_below = true,
            Open::Nothing
            | Open::Text
            | Open::Thinking
            | Open::Tool { .. }
            | Open::Below { .. } => {
                self.close();
                let named = || folded(result.name.as_deref().unwrap_or("tool"));
                let title = title.unwrap_or_else(named);
                width = self.tool_line(&title);
            }
        }
        self.open = Open::Nothing;
        let output = words(&result.output);
        let mark = if result.is_error {
            self.red.apply_to("✗").to_string()
        } else {
            self.green.apply_to("✓").to_string()
        };
        let before = if is_below { INDENT } else { " " };
        self.write_err(&format!("{before}{mark}"));
        let lines = self.told(&output, result.is_error);
        match lines.as_slice() {
            [] => self.write_err("\n"),
            [line] if width + line.chars().count() + 3 <= LINE => {
                self.result_line(" ", result, line)
            }
            lines => {
                self.write_err("\n");
                for line in lines {
                    self.result_line(INDENT, result, line);
                }
            }
        }
    }

    /// What is told of a result.
    fn told(&self, output: &str, is_error: bool) -> Vec<String> {
        match self.results {
            Results::Lines if is_error && output.trim().is_empty() => {
                vec!["without a word".to_owned()]
            }
            Results::Lines => first_lines(output),
            Results::Sizes if is_error => {
                let first = output.lines().find(|line| !line.trim().is_empty());
                vec![folded(first.unwrap_or("without a word"))]
            }
            Results::Sizes => vec![format!("{} back", numbers::bytes(output.len() as u64))],
        }
    }

    fn result_line(&mut self, before: &str, result: &ToolResult, line: &str) {
        let style = if result.is_error {
            &self.red
        } else {
            &self.dim
        };
        let line = style.apply_to(line).to_string();
        self.err_line(&format!("{before}{line}"));
    }
}
