//! A connection that is closed so that its client reads the last answer: what is still on its way is taken and thrown away first.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How long the rest of what a client sends is taken.
const LINGER: Duration = Duration::from_secs(5);

/// The promise: as long as the client sends, and for a while at most, its kernel is not told that nobody listens; that would take
/// the answer away from it, and one who is refused in the middle of a large body would never read why.
pub(crate) struct Lingering {
    stream: TcpStream,
    stop: CancellationToken,
    /// Ends the patience; there is none before the last answer is out.
    patience: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Lingering {
    pub(crate) fn new(stream: TcpStream, stop: CancellationToken) -> Self {
        Self {
            stream,
            stop,
            patience: None,
        }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }

    /// Reads and throws away, until the client has closed its side, too.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; 16 * 1024];
        loop {
            let mut piece = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, into)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.patience.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            let stop = this.stop.clone();
            this.patience = Some(Box::pin(async move {
                // A server that stops waits for nobody who is answered.
                let _ = tokio::time::timeout(LINGER, stop.cancelled()).await;
            }));
        }
        let is_over = this
            .patience
            .as_mut()
            .is_none_or(|patience| patience.as_mut().poll(cx).is_ready());
        if is_over {
            return Poll::Ready(Ok(()));
        }
        // What breaks now breaks behind the answer.
        this.poll_rest(cx).map(|_| Ok(()))
    }
}
