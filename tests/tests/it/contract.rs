//! The contract as the wire sees it: sockets that say what no client library would, storms, and one turn word for word.

mod bodies;
mod files;
mod storms;
mod turns;
mod wire;

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vwm_tests::{World, within};

/// Where the server of a world listens.
fn address(world: &World) -> SocketAddr {
    let file = std::fs::read(world.data_dir().join("server.json")).expect("the server runs");
    let file: Value = serde_json::from_slice(&file).expect("it is JSON");
    let url = file["url"].as_str().expect("an address");
    let address = url.strip_prefix("http://").expect("plain http");
    address.parse().expect("an address")
}

/// What comes back on one connection.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// A connection on which anything can be said.
struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Wire {
    async fn open(world: &World) -> Self {
        let stream = TcpStream::connect(address(world)).await;
        Self {
            stream: stream.expect("the server listens"),
            heard: Vec::new(),
        }
    }

    /// Says all of it; a server that hangs up meanwhile does not listen.
    async fn say(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let said = within(
            "the server to listen",
            self.stream.write_all(bytes.as_ref()),
        )
        .await;
        said.expect("the server listens to the end");
        self
    }

    /// Says no more, and can still listen.
    async fn end(&mut self) -> &mut Self {
        self.stream.shutdown().await.expect("it was open");
        self
    }

    /// Reads until there is this in what was heard; gives all up to its end.
    async fn hears(&mut self, part: &str) -> String {
        within(&format!("the server to say {part:?}"), async {
            loop {
                let at = self
                    .heard
                    .windows(part.len())
                    .position(|window| window == part.as_bytes());
                if let Some(at) = at {
                    let rest = self.heard.split_off(at + part.len());
                    let all = std::mem::replace(&mut self.heard, rest);
                    return String::from_utf8(all).expect("text");
                }
                let read = self.stream.read_buf(&mut self.heard).await;
                let heard = String::from_utf8_lossy(&self.heard);
                assert_ne!(
                    read.expect("no reset"),
                    0,
                    "it never said {part:?}: {heard}"
                );
            }
        })
        .await
    }

    /// Reads one answer whose length is told.
    async fn answer(&mut self) -> Answer {
        let head = self.hears("\r\n\r\n").await;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
        within("the answer's body", async {
            while self.heard.len() < length {
                let read = self.stream.read_buf(&mut self.heard).await;
                assert_ne!(read.expect("no reset"), 0, "it broke off: {head}");
            }
        })
        .await;
        let rest = self.heard.split_off(length);
        let body = std::mem::replace(&mut self.heard, rest);
        Answer {
            status: status.unwrap_or_else(|| panic!("no status in {head}")),
            body: String::from_utf8(body).expect("text"),
            head,
        }
    }

    /// Reads until the server hangs up, properly: what it said is not lost by a reset.
    async fn rest(mut self) -> String {
        let read = within(
            "the server to hang up",
            self.stream.read_to_end(&mut self.heard),
        )
        .await;
        read.expect("it hangs up without a reset");
        String::from_utf8(self.heard).expect("text")
    }
}

/// A request with a body, and the admin's key.
fn request(world: &World, line: &str, headers: &str, body: &str) -> String {
    let key = world.key();
    format!("{line} HTTP/1.1\r\nhost: vwm\r\nx-api-key: {key}\r\n{headers}\r\n{body}")
}

/// The server is as healthy as before.
async fn is_sane(world: &World) {
    let mut wire = Wire::open(world).await;
    wire.say("GET /health HTTP/1.1\r\nhost: vwm\r\n\r\n").await;
    let answer = wire.answer().await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"status":"ok"}"#)
    );
    let log = world.log();
    for bad in ["panicked", " failed: "] {
        let line = log.lines().find(|line| line.contains(bad));
        assert_eq!(line, None, "the log tells of a fault of ours");
    }
}

/// A world without workers.
async fn world() -> World {
    World::start(json!({})).await
}
