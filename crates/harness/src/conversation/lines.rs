//! Lines of an engine's output: bounded, and never an error, whatever the bytes are.

use std::collections::VecDeque;
use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// A longer line is cut there; what follows up to its end is dropped.
const LONGEST: usize = 16 << 20;
const RAW_HEAD: usize = 128 << 10;
const RAW_TAIL: usize = 64 << 10;

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
        Ok(any.then(|| String::from_utf8_lossy(&line).into_owned()))
    }
}

/// What a kept line takes; also an empty one.
fn cost(line: &str) -> usize {
    line.len() + size_of::<String>()
}

/// What an engine printed in a turn: the beginning and the end of it.
#[derive(Debug, Default)]
pub(super) struct RawLog {
    head: String,
    tail: VecDeque<String>,
    tail_bytes: usize,
    cut: u64,
}

impl RawLog {
    pub(super) fn push(&mut self, line: &str) {
        if self.tail.is_empty() && self.cut == 0 && self.head.len() + line.len() < RAW_HEAD {
            self.head.push_str(line);
            self.head.push('\n');
            return;
        }
        if line.len() > RAW_TAIL {
            self.cut += 1;
            return;
        }
        self.tail_bytes += cost(line);
        self.tail.push_back(line.to_owned());
        while self.tail_bytes > RAW_TAIL {
            let Some(first) = self.tail.pop_front() else {
                break;
            };
            self.tail_bytes -= cost(&first);
            self.cut += 1;
        }
    }

    pub(super) fn into_text(self) -> String {
        let mut text = self.head;
        if self.cut > 0 {
            text += &format!("[{} lines are left out here]\n", self.cut);
        }
        for line in self.tail {
            text.push_str(&line);
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
}
