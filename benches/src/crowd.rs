//! Many subscribers at once on one thread: each counts what it reads, and looks at nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::clock::now_ns;
use crate::marker::stamps;

/// A stream that says nothing for so long has said all that it will.
const SILENCE: Duration = Duration::from_secs(8);
/// How long connecting may take for all of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// What each of a crowd asks for, and what it waits for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// As `host:port`.
    pub(crate) address: String,
    /// Shown with the call.
    pub(crate) key: Option<String>,
    /// The stream.
    pub(crate) path: String,
    /// What stands in the data of an event with a stamp, and in no other's.
    pub(crate) mark: &'static str,
    /// The `id` of the last frame that it has, where it comes back.
    pub(crate) cursor: Option<String>,
    /// The number of the last stamp that it has.
    pub(crate) after: u64,
    /// The number of the stamp with which it is content.
    pub(crate) until: u64,
}

/// What one of them read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// Events with a stamp.
    pub(crate) count: u64,
    /// Numbers that were left out.
    pub(crate) lost: u64,
    /// Numbers that came again.
    pub(crate) twice: u64,
    /// When the first of them was written.
    pub(crate) first_sent_ns: u64,
    /// When the last of them was read.
    pub(crate) last_read_ns: u64,
    /// From each write to the read, in ns.
    pub(crate) late_ns: Vec<u64>,
    /// The `id` of the last frame.
    pub(crate) cursor: Option<String>,
}

/// Subscribers that read.
pub(crate) struct Crowd {
    runtime: Runtime,
    readers: Vec<JoinHandle<Result<Heard>>>,
}

impl Crowd {
    /// Lets so many subscribe to each of some streams, and returns when all of them are answered.
    pub(crate) fn gather(wanted: &[Wanted], each: usize) -> Result<Self> {
        allow_open_files(wanted.len() * each)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let answered = Arc::new(AtomicUsize::new(0));
        let mut readers = Vec::new();
        for wanted in wanted {
            for _ in 0..each {
                let reading = read(wanted.clone(), Arc::clone(&answered));
                readers.push(runtime.spawn(reading));
            }
        }
        let until = Instant::now() + PATIENCE;
        while answered.load(Ordering::Relaxed) < readers.len() {
            let ended = readers.iter().filter(|reader| reader.is_finished()).count();
            let answered = answered.load(Ordering::Relaxed);
            if Instant::now() > until || ended > answered {
                bail!(
                    "of {} subscribers only {answered} were answered",
                    readers.len()
                );
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok(Self { runtime, readers })
    }

    /// Waits until each has what it wants, or its stream says no more.
    pub(crate) fn heard(self) -> Result<Vec<Heard>> {
        let Self { runtime, readers } = self;
        runtime.block_on(async {
            let mut all = Vec::with_capacity(readers.len());
            for reader in readers {
                all.push(reader.await??);
            }
            Ok(all)
        })
    }
}

/// Raises the limit of this process to what so many connections need.
fn allow_open_files(connections: usize) -> Result<()> {
    let needed = connections as u64 + 500;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < needed) {
        bail!(
            "{connections} connections need {needed} open files, and {} are allowed; raise the hard limit (ulimit -Hn)",
            maximum.unwrap_or_default()
        );
    }
    let raised = Rlimit {
        current: Some(needed),
        maximum,
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")
}

async fn read(wanted: Wanted, answered: Arc<AtomicUsize>) -> Result<Heard> {
    let mut stream = TcpStream::connect(&wanted.address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(wanted.head().as_bytes()).await?;
    let mut listening = Listening::new(&wanted);
    let mut part = vec![0; 1 << 16];
    while listening.next <= wanted.until {
        let Ok(read) = tokio::time::timeout(SILENCE, stream.read(&mut part)).await else {
            break;
        };
        let read = read?;
        if read == 0 {
            break;
        }
        if !std::mem::replace(&mut listening.is_answered, true) {
            if !part.starts_with(b"HTTP/1.1 200") {
                let said = String::from_utf8_lossy(&part[..read.min(200)]);
                bail!("GET {} was answered: {said}", wanted.path);
            }
            answered.fetch_add(1, Ordering::Relaxed);
        }
        listening.take(&part[..read], now_ns());
    }
    Ok(listening.heard)
}

impl Wanted {
    fn head(&self) -> String {
        let mut head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n",
            self.path, self.address
        );
        if let Some(key) = &self.key {
            head += &format!("Authorization: Bearer {key}\r\n");
        }
        if let Some(cursor) = &self.cursor {
            head += &format!("Last-Event-ID: {cursor}\r\n");
        }
        head + "\r\n"
    }
}

/// One stream as it is read. The sizes of chunks are lines as well and begin like no field.
struct Listening {
    mark: &'static str,
    /// The number that comes next.
    next: u64,
    is_answered: bool,
    /// What has come of a line.
    line: Vec<u8>,
    heard: Heard,
}

impl Listening {
    fn new(wanted: &Wanted) -> Self {
        Self {
            mark: wanted.mark,
            next: wanted.after + 1,
            is_answered: false,
            line: Vec::new(),
            heard: Heard::default(),
        }
    }

    fn take(&mut self, mut bytes: &[u8], now: u64) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            if self.line.is_empty() {
                self.line_is(&bytes[..end], now);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&bytes[..end]);
                self.line_is(&line, now);
                line.clear();
                self.line = line;
            }
            bytes = &bytes[end + 1..];
        }
        self.line.extend_from_slice(bytes);
    }

    fn line_is(&mut self, line: &[u8], now: u64) {
        if let Some(id) = line.strip_prefix(b"id:") {
            let id = String::from_utf8_lossy(id).trim().to_owned();
            self.heard.cursor = Some(id);
            return;
        }
        let Some(data) = line.strip_prefix(b"data:") else {
            return;
        };
        let data = String::from_utf8_lossy(data);
        let Some(stamp) = stamps(&data).next().filter(|_| data.contains(self.mark)) else {
            return;
        };
        let heard = &mut self.heard;
        if stamp.number < self.next {
            heard.twice += 1;
            return;
        }
        heard.lost += stamp.number - self.next;
        self.next = stamp.number + 1;
        if heard.count == 0 {
            heard.first_sent_ns = stamp.sent_ns;
        }
        heard.count += 1;
        heard.last_read_ns = now;
        heard.late_ns.push(now.saturating_sub(stamp.sent_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_and_what_comes_twice_is_counted_wherever_the_bytes_are_cut() {
        let text = "HTTP/1.1 200 OK\r\n\r\nid: 7\ndata: {\"t\":\"@@3:10@@\"}\n\n1b\r\nid: 8\ndata: {\"t\":\"@@6:20@@\"}\n\nid: 9\ndata: {\"t\":\"@@6:20@@\"}\n\ndata: {\"all\":\"@@3:10@@\"}\n\n";
        let wanted = Wanted {
            address: String::new(),
            key: None,
            path: String::new(),
            mark: "\"t\"",
            cursor: None,
            after: 2,
            until: 6,
        };
        for size in 1..text.len() {
            let mut listening = Listening::new(&wanted);
            for piece in text.as_bytes().chunks(size) {
                listening.take(piece, 50);
            }
            let heard = listening.heard;
            assert_eq!((heard.count, heard.lost, heard.twice), (2, 2, 1));
            assert_eq!((heard.first_sent_ns, heard.late_ns), (10, vec![40, 30]));
            assert_eq!(heard.cursor.as_deref(), Some("9"), "in pieces of {size}");
        }
    }
}
