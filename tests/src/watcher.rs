//! A reader of a stream as plain as can be: many of them cost a test little, and it reads when the test wants it to.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use vwm_api::Seq;

use crate::{World, within};

/// A reader over a connection of its own.
pub struct Watcher {
    stream: TcpStream,
    /// What has come of a line.
    line: Vec<u8>,
    /// The lines that came and were not asked for yet.
    lines: std::collections::VecDeque<String>,
}

impl Watcher {
    /// Asks for a stream after an event, and reads nothing yet. Its kernel holds little, so that the server notices soon.
    pub async fn open(world: &World, path: &str, after: Seq) -> Self {
        let address = world.url().trim_start_matches("http://");
        let address = address.parse().expect("an address of this machine");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 << 10).expect("it is small");
        let stream = within("a connection", socket.connect(address)).await;
        let mut stream = stream.expect("the server listens");
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: vwm\r\nauthorization: Bearer {}\r\nlast-event-id: {after}\r\n\r\n",
            world.key()
        );
        let sent = within("the request to be sent", stream.write_all(head.as_bytes())).await;
        sent.expect("the server takes a head");
        Self {
            stream,
            line: Vec::new(),
            lines: std::collections::VecDeque::new(),
        }
    }

    /// The next line of the answer; none at its end.
    pub async fn line(&mut self) -> Option<String> {
        while self.lines.is_empty() {
            let mut part = [0; 16 << 10];
            let read = within("the stream to go on", self.stream.read(&mut part)).await;
            let read = read.expect("it is not cut");
            if read == 0 {
                return None;
            }
            for byte in &part[..read] {
                if *byte == b'\n' {
                    let line = std::mem::take(&mut self.line);
                    let line = String::from_utf8_lossy(&line);
                    self.lines.push_back(line.trim_end().to_owned());
                } else {
                    self.line.push(*byte);
                }
            }
        }
        self.lines.pop_front()
    }

    /// Reads until an event has come, and returns the numbers of all that came.
    pub async fn up_to(&mut self, last: Seq) -> Vec<Seq> {
        let mut seqs: Vec<Seq> = Vec::new();
        while seqs.last() != Some(&last) {
            let line = self.line().await.expect("the stream goes on");
            if let Some(id) = line.strip_prefix("id: ") {
                seqs.push(id.parse().expect("an id is a number"));
            }
        }
        seqs
    }
}
