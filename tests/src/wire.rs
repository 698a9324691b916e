//! HTTP as it goes over the wire: what no client of ours would send, half of it where a test wants that, and answers to the byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{World, within};

/// A call that is under way, on a connection of its own.
pub struct Call {
    stream: TcpStream,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The status; 0 where the connection ended without one.
    pub status: u16,
    /// The headers, a line each.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Told {
    /// The body, of whatever bytes it is.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl World {
    /// Makes a call with the admin key: `line` is its method and its target, and goes as it stands.
    pub async fn calls(&self, line: &str, body: &[u8]) -> Told {
        self.calls_with(&self.key(), line, body).await
    }

    /// Likewise, with another key.
    pub async fn calls_with(&self, key: &str, line: &str, body: &[u8]) -> Told {
        let mut call = self.begins_with(key, line, body.len() as u64).await;
        // Who refuses it may have hung up already.
        let _ = call.send(body).await;
        call.answer().await
    }

    /// Begins a call whose body has that many bytes.
    pub async fn begins(&self, line: &str, length: u64) -> Call {
        self.begins_with(&self.key(), line, length).await
    }

    /// Likewise, with another key.
    pub async fn begins_with(&self, key: &str, line: &str, length: u64) -> Call {
        let address = self.url().trim_start_matches("http://");
        let stream = within("a connection", TcpStream::connect(address)).await;
        let mut call = Call {
            stream: stream.expect("the server listens"),
        };
        let head = format!(
            "{line} HTTP/1.1\r\nhost: vwm\r\nauthorization: Bearer {key}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        call.send(head.as_bytes()).await.expect("it takes a head");
        call
    }
}

impl Call {
    /// Sends more of it.
    ///
    /// # Errors
    /// That the other side hung up.
    pub async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        within("the bytes to be taken", self.stream.write_all(bytes)).await
    }

    /// Reads the answer up to these words, and leaves the rest where it is.
    pub async fn says(&mut self, part: &str) {
        let mut said = Vec::new();
        while !said.ends_with(part.as_bytes()) {
            let byte = within("the answer to go on", self.stream.read_u8()).await;
            said.push(byte.expect("it goes on"));
        }
    }

    /// Reads what is left of an answer, until the connection ends.
    pub async fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // It may be cut off: then that was all.
        let _ = within("the answer's end", self.stream.read_to_end(&mut rest)).await;
        rest
    }

    /// Waits for the whole answer, or for as much of it as comes.
    pub async fn answer(mut self) -> Told {
        let mut all = Vec::new();
        within("the answer", async {
            // A server that refuses in the middle of a body may reset the connection behind its answer.
            while !is_whole(&all)
                && self
                    .stream
                    .read_buf(&mut all)
                    .await
                    .is_ok_and(|read| read > 0)
            {}
        })
        .await;
        let body = all.split_off(head_of(&all).unwrap_or(all.len()));
        let head = String::from_utf8_lossy(&all);
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let headers = head.split_once("\r\n").map(|(_, headers)| headers.trim());
        Told {
            status: status.unwrap_or_default(),
            headers: headers.unwrap_or_default().to_owned(),
            body,
        }
    }
}

/// How long an answer's head is, with the empty line behind it.
fn head_of(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|at| at == b"\r\n\r\n");
    end.map(|end| end + 4)
}

/// Whether an answer has the length that it says. A stream says none, and lasts until the connection ends.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = head_of(answer) else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    head.get(9..12) == Some("204") || length.is_some_and(|length| answer.len() >= end + length)
}
