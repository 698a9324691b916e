//! Lines of an engine's output: bounded, and never an error, whatever the bytes are.

use std::collections::VecDeque;
use std::io;
use std::ops::RangeInclusive;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// A longer line is cut there; what follows up to its end is dropped.
const LONGEST: usize = 16 << 20;
const RAW_HEAD: usize = 128 << 10;
const RAW_TAIL: usize = 64 << 10;
const PART_OF_SECRET: &str = "[a line with a part of a secret is left out here]";

/// Reads lines.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(64 << 10, reader),
        }
    }

    /// The next line without its end; none at the end of the output. A last line without an end counts.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut any = false;
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                break;
            }
            any = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let take = end.unwrap_or(available.len());
            let room = LONGEST.saturating_sub(line.len());
            line.extend_from_slice(&available[..take.min(room)]);
            self.reader.consume(end.map_or(take, |end| end + 1));
            if end.is_some() {
                break;
            }
        }
        // Most of it is text, and a long line is not copied for nothing.
        let text = String::from_utf8(line)
            .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned());
        Ok(any.then_some(text))
    }
}

/// What a kept line takes; also an empty one.
fn cost(line: &str) -> usize {
    line.len() + size_of::<String>()
}

/// What an engine printed in a turn: the beginning and the end of it.
#[derive(Debug, Default)]
pub(super) struct RawLog {
    head: Vec<Line>,
    head_bytes: usize,
    tail: VecDeque<Line>,
    tail_bytes: usize,
    cut: u64,
    newest: u64,
}

#[derive(Debug)]
struct Line {
    /// Counts from 1.
    number: u64,
    text: String,
}

impl RawLog {
    pub(super) fn push(&mut self, line: &str) {
        self.newest += 1;
        let line = Line {
            number: self.newest,
            text: line.to_owned(),
        };
        let bytes = cost(&line.text);
        if self.tail.is_empty() && self.cut == 0 && self.head_bytes + bytes < RAW_HEAD {
            self.head_bytes += bytes;
            self.head.push(line);
            return;
        }
        if bytes > RAW_TAIL {
            self.cut += 1;
            return;
        }
        self.tail_bytes += bytes;
        self.tail.push_back(line);
        while self.tail_bytes > RAW_TAIL {
            let Some(first) = self.tail.pop_front() else {
                break;
            };
            self.tail_bytes -= cost(&first.text);
            self.cut += 1;
        }
    }

    /// Keeps nothing of what came so far; lines are counted on.
    pub(super) fn begin_again(&mut self) {
        let newest = self.newest;
        *self = Self {
            newest,
            ..Self::default()
        };
    }

    /// The number of the newest line.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Takes the words out of lines that have a secret between them.
    pub(super) fn forget(&mut self, lines: &RangeInclusive<u64>) {
        let all = self.head.iter_mut().chain(&mut self.tail);
        for line in all.filter(|line| lines.contains(&line.number)) {
            PART_OF_SECRET.clone_into(&mut line.text);
        }
    }

    pub(super) fn into_text(self) -> String {
        let mut text = String::new();
        for line in self.head {
            text += &line.text;
            text.push('\n');
        }
        if self.cut > 0 {
            text += &format!("[{} lines are left out here]\n", self.cut);
        }
        for line in self.tail {
            text += &line.text;
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn any_bytes_are_lines() {
        let mut lines = Lines::new(&b"one\n\n\xff\xfe\nhalf"[..]);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.expect("reads") {
            all.push(line);
        }
        assert_eq!(all, ["one", "", "\u{fffd}\u{fffd}", "half"]);
    }

    #[tokio::test]
    async fn an_endless_line_costs_a_bounded_memory() {
        let endless = vec![b'a'; LONGEST + 100_000];
        let mut lines = Lines::new(&endless[..]);
        assert_eq!(
            lines.next().await.expect("reads").map(|l| l.len()),
            Some(LONGEST)
        );
        assert_eq!(lines.next().await.expect("reads"), None);
    }

    #[test]
    fn raw_output_that_begins_again_has_nothing_of_before_and_counts_on() {
        let mut raw = RawLog::default();
        raw.push("before");
        raw.begin_again();
        raw.push("after");
        assert_eq!(raw.newest(), 2);
        raw.forget(&(1..=1));
        assert_eq!(raw.into_text(), "after\n");
    }

    #[test]
    fn raw_output_keeps_its_beginning_and_its_end() {
        let mut raw = RawLog::default();
        for i in 0..10_000 {
            raw.push(&format!("line {i:080}"));
        }
        let text = raw.into_text();
        assert!(text.len() < RAW_HEAD + 2 * RAW_TAIL, "{}", text.len());
        assert!(text.starts_with(&format!("line {:080}\n", 0)));
        assert!(text.ends_with(&format!("line {:080}\n", 9_999)));
        assert!(text.contains("lines are left out here]\n"));
    }

    #[test]
    fn lines_with_a_part_of_a_secret_are_left_out() {
        let mut raw = RawLog::default();
        for line in ["one", "tok", "en", "four"] {
            raw.push(line);
        }
        raw.forget(&(2..=3));
        let left = "[a line with a part of a secret is left out here]\n";
        assert_eq!(raw.into_text(), format!("one\n{left}{left}four\n"));
    }
}
