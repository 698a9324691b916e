//! What goes over the sockets between harness, supervisor and stage: a length, JSON, and descriptors with the first byte.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::policy::Confinement;
use crate::process::{Exit, Launch};

/// How many descriptors a message carries at most: standard input, output and error.
const DESCRIPTORS: usize = 3;
/// More than any command line and environment that the kernel would take.
const LARGEST: u32 = 16 << 20;

/// What a supervisor is told: the first message, with the engine's three ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// What to start.
    pub(crate) launch: Launch,
    /// Behind which wall.
    pub(crate) confinement: Confinement,
    /// The lock to hold while anything of it lives.
    pub(crate) lock: PathBuf,
}

/// What the stage is told, with the same three ends.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StageOrder {
    /// What to become.
    pub(super) launch: Launch,
    /// Behind which wall.
    pub(super) confinement: Confinement,
    /// Its parent; another one means that it is gone.
    pub(super) supervisor: i32,
}

/// What a supervisor says, a line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The program runs.
    Started(u32),
    /// It could not be started; nothing of it lives.
    Failed(String),
    /// It ended; nothing of it lives.
    Exited(Exit),
}

/// Sends a message; the descriptors travel with its first byte.
pub(crate) fn send<T: Serialize>(
    socket: &UnixStream,
    message: &T,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|length| *length <= LARGEST)
        .ok_or_else(|| io::Error::other("the command line and environment are too large"))?;
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend(body);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !rights.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors for one message"));
    }
    let sent = loop {
        let sent = rustix::net::sendmsg(
            socket,
            &[IoSlice::new(&frame)],
            &mut rights,
            SendFlags::NOSIGNAL,
        );
        match sent {
            Err(Errno::INTR) => {}
            sent => break sent?,
        }
    };
    let mut rest = socket;
    rest.write_all(&frame[sent..])
}

/// Receives a message and the three descriptors that it carries, and not one byte more.
pub(crate) fn receive<T: DeserializeOwned>(socket: &UnixStream) -> io::Result<(T, [OwnedFd; 3])> {
    let mut length = [0; 4];
    let mut filled = 0;
    let mut descriptors = Vec::new();
    while filled < length.len() {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut rights = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::net::recvmsg(
            socket,
            &mut [IoSliceMut::new(&mut length[filled..])],
            &mut rights,
            RecvFlags::CMSG_CLOEXEC,
        );
        let received = match received {
            Err(Errno::INTR) => continue,
            received => received?,
        };
        if received.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += received.bytes;
        for message in rights.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                descriptors.extend(received);
            }
        }
    }
    let length = u32::from_le_bytes(length);
    if length > LARGEST {
        return Err(io::Error::other("the message is too large"));
    }
    let mut body = Vec::new();
    socket.take(u64::from(length)).read_to_end(&mut body)?;
    let message = serde_json::from_slice(&body)?;
    let descriptors = descriptors
        .try_into()
        .map_err(|_| io::Error::other("the message came without its three descriptors"))?;
    Ok((message, descriptors))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_message_larger_than_the_socket_arrives_whole_with_its_descriptors() {
        let (here, there) = UnixStream::pair().unwrap();
        let (one, mut other) = UnixStream::pair().unwrap();
        let text = "x".repeat(2 << 20);
        let sent = text.clone();
        let sender = std::thread::spawn(move || {
            send(&here, &sent, &[one.as_fd(), one.as_fd(), one.as_fd()]).unwrap();
        });
        let (received, [_, output, _]): (String, _) = receive(&there).unwrap();
        sender.join().unwrap();
        assert!(received == text);
        UnixStream::from(output).write_all(b"hi").unwrap();
        let mut heard = [0; 2];
        other.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hi");
    }
}
