//! One subscriber of a session's events, on a thread of its own.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::clock::now_ns;
use crate::http::Http;
use crate::marker::{Stamp, stamps};

/// Nothing that is waited for takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a subscriber read.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// An event with a stamp, and when it was read.
    Said(Stamp, u64),
    /// The data of any other event, and when it was read.
    Other(String, u64),
}

/// A subscriber; dropped, it hangs up.
pub(crate) struct Watch {
    stream: TcpStream,
    news: Receiver<News>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Subscribes; only an event whose data has `mark` in it may carry a stamp, because the last event of a turn repeats them all.
    pub(crate) fn open(
        address: &str,
        key: Option<&str>,
        path: &str,
        mark: &'static str,
    ) -> Result<Self> {
        let (stream, come) = Http::connect(address, key)?.stream(path)?;
        stream.set_read_timeout(None)?;
        let mut reading = stream.try_clone().context("a socket can be shared")?;
        let (sender, news) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut lines = Lines::default();
            let mut part = vec![0; 1 << 16];
            let mut come = come;
            loop {
                let now = now_ns();
                for data in lines.feed(&come) {
                    let stamp = stamps(&data).next().filter(|_| data.contains(mark));
                    let news = match stamp {
                        Some(stamp) => News::Said(stamp, now),
                        None => News::Other(data, now),
                    };
                    if sender.send(news).is_err() {
                        return;
                    }
                }
                match reading.read(&mut part) {
                    Ok(read @ 1..) => come = part[..read].to_vec(),
                    Ok(_) | Err(_) => return,
                }
            }
        });
        Ok(Self {
            stream,
            news,
            thread: Some(thread),
        })
    }

    /// The next event.
    pub(crate) fn next(&self) -> Result<News> {
        let news = self.news.recv_timeout(PATIENCE);
        news.context("the stream ended, or said nothing for half a minute")
    }

    /// Waits for so many stamped events; each with the time from the agent's write to this reader's read, in ns.
    pub(crate) fn said(&self, count: usize) -> Result<Vec<(Stamp, u64)>> {
        let mut said = Vec::with_capacity(count);
        while said.len() < count {
            if let News::Said(stamp, read) = self.next()? {
                said.push((stamp, read.saturating_sub(stamp.sent_ns)));
            }
        }
        Ok(said)
    }

    /// All stamped events, with when each was read, until an event whose data holds a text.
    pub(crate) fn said_until(&self, text: &str, hopeless: &str) -> Result<Vec<(Stamp, u64)>> {
        let mut said = Vec::new();
        loop {
            match self.next()? {
                News::Said(stamp, read) => said.push((stamp, read)),
                News::Other(data, _) if data.contains(text) => return Ok(said),
                News::Other(data, _) if data.contains(hopeless) => {
                    bail!("waited for {text}, and this came: {data}")
                }
                News::Other(..) => {}
            }
        }
    }

    /// Waits for an event whose data holds a text; returns when it was read.
    pub(crate) fn until(&self, text: &str, hopeless: &str) -> Result<u64> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let News::Other(data, read) = self.next()? {
                if data.contains(text) {
                    return Ok(read);
                }
                if data.contains(hopeless) {
                    bail!("waited for {text}, and this came: {data}");
                }
            }
        }
        bail!("waited for {text} in vain")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The server may have hung up first.
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            // It only reads; a panic of it was printed.
            let _ = thread.join();
        }
    }
}

/// Puts the `data` lines of a stream together. The sizes of chunks are lines as well and begin with no `data`: servers write whole
/// frames into a chunk.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(bytes);
        let Some(end) = self.0.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let whole: Vec<u8> = self.0.drain(..=end).collect();
        let text = String::from_utf8_lossy(&whole);
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        data.map(|data| data.trim_start().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_lines_come_out_whole_between_chunks_and_comments() {
        let text = "1b\r\nid: 1\ndata: {\"a\":1}\n\n\r\n5\r\n:\n\n\r\n1c\r\nid: 2\ndata: {\"b\":22}\n\n\r\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let pieces = text.as_bytes().chunks(size);
            let found: Vec<_> = pieces.flat_map(|piece| lines.feed(piece)).collect();
            assert_eq!(found, ["{\"a\":1}", "{\"b\":22}"], "in pieces of {size}");
        }
    }
}
