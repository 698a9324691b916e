//! Server-sent events, read as the bytes come: a parser that does no I/O, and a stream of frames over any stream of bytes.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use crate::error::{Cause, ClientError};

/// The most bytes that one frame may have; a turn's last one carries its raw output.
const FRAME_MAX: usize = 64 << 20;

/// One frame that has data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Its `id`.
    pub id: Option<String>,
    /// Its `event`; frames of VWM have none.
    pub event: Option<String>,
    /// Its `data`, lines joined.
    pub data: String,
}

/// A frame that has more bytes than any frame of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame is longer than {max} bytes")]
pub struct TooLong {
    /// The bound.
    pub max: usize,
}

/// Puts frames together from bytes in pieces of any size; comments and fields that it does not know are skipped.
#[derive(Debug)]
pub struct Parser {
    line: Vec<u8>,
    after_return: bool,
    id: Option<String>,
    event: Option<String>,
    data: Option<String>,
    ready: VecDeque<Frame>,
    max: usize,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(FRAME_MAX)
    }
}

impl Parser {
    /// A parser that refuses frames of more than so many bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            line: Vec::new(),
            after_return: false,
            id: None,
            event: None,
            data: None,
            ready: VecDeque::new(),
            max,
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), TooLong> {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.extend_from_slice(&bytes[..end]);
            let line = std::mem::take(&mut self.line);
            self.take_line(&line);
            let was_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if was_return {
                // The line feed of a pair may come with the next bytes.
                self.after_return = bytes.is_empty();
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
            self.check()?;
        }
        self.line.extend_from_slice(bytes);
        self.check()
    }

    /// Gives the next frame that is whole.
    pub fn next_frame(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    fn check(&self) -> Result<(), TooLong> {
        if self.line.len() + self.data.as_ref().map_or(0, String::len) > self.max {
            return Err(TooLong { max: self.max });
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8]) {
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        if line.is_empty() {
            let (id, event) = (self.id.take(), self.event.take());
            if let Some(data) = self.data.take() {
                self.ready.push_back(Frame { id, event, data });
            }
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match name {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value.into_owned()),
            },
            b"id" => self.id = Some(value.into_owned()),
            b"event" => self.event = Some(value.into_owned()),
            // Comments (an empty name), `retry`, and whatever may come later.
            _ => {}
        }
    }
}

/// Reads frames; bytes that stay away for as long as `silence` end the stream with [`ClientError::Silent`].
pub fn frames<S, E>(
    bytes: S,
    to: String,
    silence: Duration,
) -> BoxStream<'static, Result<Frame, ClientError>>
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<Cause> + Send + 'static,
{
    struct Reading<S> {
        bytes: std::pin::Pin<Box<S>>,
        parser: Parser,
        to: String,
        over: bool,
    }
    let reading = Reading {
        bytes: Box::pin(bytes),
        parser: Parser::default(),
        to,
        over: false,
    };
    stream::unfold(reading, move |mut reading| async move {
        loop {
            if let Some(frame) = reading.parser.next_frame() {
                return Some((Ok(frame), reading));
            }
            if reading.over {
                return None;
            }
            let to = reading.to.clone();
            let fault = match tokio::time::timeout(silence, reading.bytes.next()).await {
                Ok(Some(Ok(bytes))) => match reading.parser.feed(&bytes) {
                    Ok(()) => continue,
                    Err(long) => ClientError::Protocol {
                        to,
                        what: long.to_string(),
                    },
                },
                Ok(Some(Err(source))) => ClientError::Lost {
                    to,
                    source: source.into(),
                },
                Ok(None) => return None,
                Err(_) => ClientError::Silent { to, after: silence },
            };
            reading.over = true;
            return Some((Err(fault), reading));
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(parser: &mut Parser) -> Vec<Frame> {
        std::iter::from_fn(|| parser.next_frame()).collect()
    }

    fn frame(id: Option<&str>, data: &str) -> Frame {
        Frame {
            id: id.map(str::to_owned),
            event: None,
            data: data.to_owned(),
        }
    }

    #[test]
    fn bytes_in_any_pieces_give_the_same_frames() {
        let text = "\u{feff}: hello\nid: 1\ndata: {\"a\":\"ü\"}\n\nid:2\r\ndata:x\r\ndata:  y\r\n\r\nretry: 10\nid: 3\n\ndata\rfuture: 1\r\rdata: cut";
        let expected = vec![
            frame(Some("1"), "{\"a\":\"ü\"}"),
            frame(Some("2"), "x\n y"),
            frame(None, ""),
        ];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            for piece in text.as_bytes().chunks(size) {
                parser.feed(piece).expect("short enough");
            }
            assert_eq!(all(&mut parser), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn a_frame_without_end_is_refused() {
        let mut parser = Parser::new(16);
        parser.feed(b"data: 0123456789\n").expect("fits");
        assert_eq!(parser.feed(b"data: 01234567"), Err(TooLong { max: 16 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_ends_and_comments_keep_it_alive() {
        let silence = Duration::from_secs(30);
        let comments = stream::iter(0..5)
            .then(|_| async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Ok::<_, std::io::Error>(Bytes::from_static(b":\n\n"))
            })
            .chain(stream::once(async {
                Ok(Bytes::from_static(b"data: 1\n\n"))
            }))
            .chain(stream::pending());
        let frames: Vec<_> = frames(comments, "it".into(), silence).collect().await;
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0].as_ref().expect("a frame"), &frame(None, "1"));
        assert!(matches!(frames[1], Err(ClientError::Silent { .. })));
    }
}
