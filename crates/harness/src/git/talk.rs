//! What a git is fed, prints and complains about, within bounds.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::unseen;

/// What one call may print; lists of objects are the longest.
const MAX_OUTPUT: u64 = 256 * 1024 * 1024;
/// What is kept of the complaints.
const MAX_COMPLAINT: usize = 2048;

/// Feeds a git, reads what it prints and complains about, and waits until it has ended.
pub(super) async fn talk<T>(
    said: &[u8],
    (mut input, out, err): (
        impl AsyncWrite + Unpin,
        impl AsyncRead + Unpin,
        impl AsyncRead + Unpin,
    ),
    ended: impl Future<Output = T>,
) -> (std::io::Result<Vec<u8>>, String, T) {
    let write = async move {
        // A git that ends early has said why on stderr.
        let _ = input.write_all(said).await;
    };
    let ((), out, complaint) = tokio::join!(write, read_bounded(out), read_tail(err));
    (out, complaint, ended.await)
}

async fn read_bounded(from: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut bounded = from.take(MAX_OUTPUT + 1);
    bounded.read_to_end(&mut all).await?;
    if all.len() as u64 > MAX_OUTPUT {
        return Err(std::io::Error::other("it is too long"));
    }
    Ok(all)
}

async fn read_tail(mut from: impl AsyncRead + Unpin) -> String {
    let mut tail = Vec::new();
    let mut chunk = vec![0; 8192];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        tail.extend_from_slice(&chunk[..read]);
        if tail.len() > 2 * MAX_COMPLAINT {
            tail.drain(..tail.len() - MAX_COMPLAINT);
        }
    }
    let from = tail.len().saturating_sub(MAX_COMPLAINT);
    unseen::without(String::from_utf8_lossy(&tail[from..]).trim())
}
