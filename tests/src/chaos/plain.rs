//! HTTP without our client: what it would hide (a doubled event) is seen here, and every connection is cut where it is cut.

use std::io;

use futures_util::stream::{BoxStream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::io::ReaderStream;
use vwm_client::ClientError;
use vwm_client::sse::{self, Frame};

/// A server sends a comment every 10 s.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(35);

/// Asks, with nothing in the body, and gives the status and the body of the answer.
pub(super) async fn ask(
    url: &str,
    key: &str,
    line: &str,
    headers: &str,
) -> io::Result<(u16, String)> {
    let (status, mut stream) = open(url, key, line, headers).await?;
    let mut body = Vec::new();
    stream.read_to_end(&mut body).await?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Reads a stream of frames.
pub(super) async fn frames(
    url: &str,
    key: &str,
    path: &str,
) -> io::Result<BoxStream<'static, Result<Frame, ClientError>>> {
    let (status, stream) = open(url, key, &format!("GET {path}"), "").await?;
    if status != 200 {
        return Err(io::Error::other(format!("{path} answered {status}")));
    }
    let bytes = ReaderStream::new(stream);
    Ok(sse::frames(bytes, url.to_owned(), SILENCE).boxed())
}

/// Sends a call and reads the answer's head. In HTTP/1.0 a body has no other frame than the connection's end.
async fn open(url: &str, key: &str, line: &str, headers: &str) -> io::Result<(u16, TcpStream)> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    let call = format!(
        "{line} HTTP/1.0\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-length: 0\r\n{headers}\r\n"
    );
    stream.write_all(call.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("the answer has no status"))?;
    Ok((status, stream))
}
