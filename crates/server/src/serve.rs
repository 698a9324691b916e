//! Connections: accepted, bounded in number, in time and in what their headers may be, and closed in order.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::linger::Lingering;

/// What one client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    connections: usize,
    /// How long a request's headers may take, and how long a connection without a request is kept.
    headers_within: Duration,
    /// How many headers a request may have; more are answered with 431.
    headers: usize,
    /// How many bytes they may have together, with the address; more are answered with 431. It is looked at between two reads, so
    /// that what comes in one of them may be some more.
    header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            headers_within: Duration::from_secs(30),
            headers: 100,
            header_bytes: 64 * 1024,
        }
    }
}

/// After an accept that failed: too many files are open, which passes.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop` is cancelled, and then until the last answer is out.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: &CancellationToken,
    limits: Limits,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.headers_within)
        .max_headers(limits.headers)
        .max_buf_size(limits.header_bytes);
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    let accepting = async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            let stream = accept(&listener).await;
            let service = TowerToHyperService::new(router.clone());
            let stream = TokioIo::new(Lingering::new(stream, stop.clone()));
            let connection = http.serve_connection(stream, service);
            let connection = open.watch(connection);
            tokio::spawn(async move {
                let _place = place;
                if let Err(error) = connection.await {
                    debug!(%error, "A connection broke off");
                }
            });
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = accepting => {}
    }
    drop(listener);
    open.shutdown().await;
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without it the kernel holds a small frame back until the last one is acknowledged.
                stream.set_nodelay(true).ok();
                if let Err(error) = notice_when_it_vanishes(&stream) {
                    debug!(%error, "A connection would not be told when its client vanishes");
                }
                return stream;
            }
            Err(error) => {
                warn!(%error, "A connection could not be accepted; the next one is tried in a moment");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// How long a client may acknowledge nothing, neither data nor the question whether it is there. One that is there and reads nothing
/// for so long is cut as well, and comes back with its cursor.
const UNHEARD: Duration = Duration::from_secs(120);
/// After such a silence it is asked whether it is there,
const ASKED_AFTER: Duration = Duration::from_secs(60);
/// and again after each of these.
const ASKED_EVERY: Duration = Duration::from_secs(15);

/// A client that vanishes without a word, as with its machine's power, must not keep its connection: the kernel ends it.
fn notice_when_it_vanishes(stream: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, ASKED_AFTER)?;
    sockopt::set_tcp_keepintvl(stream, ASKED_EVERY)?;
    let unheard = u32::try_from(UNHEARD.as_millis()).expect("two minutes are few milliseconds");
    sockopt::set_tcp_user_timeout(stream, unheard)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A server with small limits.
    async fn start(stop: &CancellationToken) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, limits) = (
            stop.clone(),
            Limits {
                connections: 2,
                headers_within: Duration::from_millis(100),
                headers: 10,
                header_bytes: 8192,
            },
        );
        let router = Router::new().route("/", get(async || "there"));
        tokio::spawn(async move { serve(listener, router, &stop, limits).await });
        address
    }

    /// Sends, and reads until the server closes.
    async fn answer(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A server that refuses in the middle of a request may reset the connection behind its answer.
        stream.read_to_end(&mut answer).await.ok();
        String::from_utf8(answer).unwrap()
    }

    const WHOLE: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn half_a_request_is_let_go_and_a_flood_of_headers_is_431() {
        let stop = CancellationToken::new();
        let address = start(&stop).await;
        assert!(answer(address, WHOLE).await.ends_with("there"));
        assert_eq!(answer(address, "GET / HTTP/1.1\r\nhost: ").await, "");
        let many = "x: y\r\n".repeat(20);
        let many = answer(address, &format!("GET / HTTP/1.1\r\n{many}\r\n")).await;
        assert!(many.starts_with("HTTP/1.1 431 "), "{many}");
        let long = "y".repeat(20_000);
        let long = answer(address, &format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n")).await;
        assert!(long.starts_with("HTTP/1.1 431 "), "{long}");
    }

    #[tokio::test]
    async fn one_who_waits_for_a_place_is_served_when_others_are_let_go() {
        let stop = CancellationToken::new();
        let address = start(&stop).await;
        let _silent = TcpStream::connect(address).await.unwrap();
        let _too = TcpStream::connect(address).await.unwrap();
        assert!(answer(address, WHOLE).await.ends_with("there"));
    }

    #[tokio::test]
    async fn the_kernel_ends_connections_whose_client_vanished() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_client, stream) = tokio::join!(TcpStream::connect(address), accept(&listener));
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), ASKED_AFTER);
        assert_eq!(sockopt::tcp_keepintvl(&stream).unwrap(), ASKED_EVERY);
        assert_eq!(sockopt::tcp_user_timeout(&stream).unwrap(), 120_000);
    }

    #[tokio::test]
    async fn who_is_refused_while_he_sends_reads_why() {
        let stop = CancellationToken::new();
        let address = start(&stop).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 8000000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; 8_000_000]).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 405 "));
    }
}
