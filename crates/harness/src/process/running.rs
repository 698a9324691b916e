//! A program that runs under its supervisor.

use std::io;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::Child;

use super::Exit;
use crate::supervisor::message::Reply;

/// How long a supervisor may take to kill everything before it is killed itself.
const KILL_DEADLINE: Duration = Duration::from_secs(10);
/// `SIGKILL`: what a program gets when its supervisor dies.
const KILLED: i32 = 9;

/// A program that runs under its supervisor. Dropped, it is killed with all that it started, soon but not at once:
/// [`Process::kill`] waits for it.
#[derive(Debug)]
pub struct Process {
    /// The program's process, which is also its process group and session.
    pub pid: u32,
    pub(super) stdin: Option<UnixStream>,
    pub(super) stdout: Option<UnixStream>,
    pub(super) stderr: Option<UnixStream>,
    pub(super) control: Control,
    pub(super) supervisor: Child,
    pub(super) exit: Option<Exit>,
}

impl Process {
    /// Takes what it reads; dropping that is the end of its input.
    ///
    /// # Panics
    /// When it was taken before.
    pub fn stdin(&mut self) -> UnixStream {
        self.stdin.take().expect("standard input is taken once")
    }

    /// Takes what it prints.
    ///
    /// # Panics
    /// When it was taken before.
    pub fn stdout(&mut self) -> UnixStream {
        self.stdout.take().expect("standard output is taken once")
    }

    /// Takes what it complains about.
    ///
    /// # Panics
    /// When it was taken before.
    pub fn stderr(&mut self) -> UnixStream {
        self.stderr.take().expect("standard error is taken once")
    }

    /// Waits until the program has ended and nothing of it lives. May be given up and asked again.
    pub async fn exited(&mut self) -> Exit {
        let exit = match self.exit.clone() {
            Some(exit) => exit,
            None => self.control.exit().await,
        };
        self.exit = Some(exit.clone());
        // Its lock is free when it is gone. A child of ours that cannot be waited for is gone, too.
        let _ = self.supervisor.wait().await;
        exit
    }

    /// Kills the program and all that it started, and waits until nothing of it lives.
    pub async fn kill(&mut self) -> Exit {
        // If the supervisor is gone, so is the program.
        let _ = self.control.orders.write_all(b"k").await;
        if let Ok(exit) = tokio::time::timeout(KILL_DEADLINE, self.exited()).await {
            return exit;
        }
        tracing::error!(
            pid = self.pid,
            "Process {} could not be killed within {} s; its supervisor is killed instead",
            self.pid,
            KILL_DEADLINE.as_secs()
        );
        // It may have ended just now.
        let _ = self.supervisor.start_kill();
        self.exited().await
    }
}

/// Our end of the supervisor's control socket.
#[derive(Debug)]
pub(super) struct Control {
    replies: Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
}

impl Control {
    pub(super) fn new(socket: StdStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let (replies, orders) = UnixStream::from_std(socket)?.into_split();
        Ok(Self {
            replies: BufReader::new(replies).lines(),
            orders,
        })
    }

    /// The next thing that the supervisor says. May be given up and asked again.
    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        let line = self.replies.next_line().await?;
        let line = line.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(serde_json::from_str(&line)?)
    }

    async fn exit(&mut self) -> Exit {
        match self.reply().await {
            Ok(Reply::Exited(exit)) => exit,
            Ok(reply @ (Reply::Started(_) | Reply::Failed(_))) => {
                lost(&format!("it said {reply:?}"))
            }
            Err(error) => lost(&error.to_string()),
        }
    }
}

/// How a program ended whose supervisor did not say: it dies with it.
fn lost(why: &str) -> Exit {
    tracing::error!("A supervisor died ({why}); daemons of its program may still live");
    Exit {
        code: None,
        signal: Some(KILLED),
        leftovers: 0,
    }
}
