//! The floor of watching: a server that has nothing to look up, and writes the same bytes to everybody who connects.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::clock::now_ns;

/// What stands in its events.
pub(crate) const MARK: &str = r#""type":"text""#;
/// As much at once as our own server writes.
const PIECE: usize = 32 << 10;

/// It runs until it is dropped, on a thread of its own.
pub(crate) struct Fountain {
    /// As `host:port`.
    pub(crate) address: String,
    bytes: watch::Sender<Arc<[u8]>>,
    _runtime: Runtime,
}

impl Fountain {
    /// Listens.
    pub(crate) fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(([127, 0, 0, 1], 0).into())?;
            socket.listen(4096)
        })?;
        let address = listener.local_addr()?.to_string();
        let bytes = watch::Sender::new(Arc::from([]));
        runtime.spawn(accept(listener, bytes.clone()));
        Ok(Self {
            address,
            bytes,
            _runtime: runtime,
        })
    }

    /// Says so many events to all who are there and to all who come.
    pub(crate) fn say(&self, events: usize) {
        let mut text = String::new();
        let filling = "x".repeat(64);
        for event in 1..=events {
            // An event of ours names its turn and its conversation.
            let ids = "0".repeat(110);
            write!(
                text,
                "id: {event}\ndata: {{{MARK},\"data\":\"@@{event}:{}@@{filling}\",\"ids\":\"{ids}\"}}\n\n",
                now_ns()
            )
            .expect("a String takes all that is written");
        }
        self.bytes.send_replace(text.into_bytes().into());
    }
}

async fn accept(listener: TcpListener, bytes: watch::Sender<Arc<[u8]>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let bytes = bytes.subscribe();
        tokio::spawn(async move {
            // Who has read enough hangs up.
            let _ = pour(stream, bytes).await;
        });
    }
}

async fn pour(mut stream: TcpStream, mut bytes: watch::Receiver<Arc<[u8]>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 1024];
    let _ = stream.read(&mut request).await?;
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    stream.write_all(head).await?;
    let said = bytes.wait_for(|bytes| !bytes.is_empty()).await;
    let said = said.map_err(io::Error::other)?.clone();
    for piece in said.chunks(PIECE) {
        stream.write_all(piece).await?;
    }
    // Until the other side is content.
    stream.read(&mut request).await.map(|_| ())
}
