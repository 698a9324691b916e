//! The command line as a person meets it: what it says, and how it ends.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr};
use vwm_api::SessionId;

use crate::until;
use crate::{World, process, within};

/// What a command said to its end; every id in it is `ID`, because no two runs have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// On standard output.
    pub out: String,
    /// On standard error.
    pub err: String,
}

impl Said {
    /// What a command says that should end like this.
    pub fn new(code: i32, out: impl Into<String>, err: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            out: out.into(),
            err: err.into(),
        }
    }

    /// Runs a command to its end.
    pub async fn by(command: Command) -> Self {
        Self::by_with(command, "").await
    }

    /// Likewise, with something on its standard input.
    pub async fn by_with(command: Command, input: &str) -> Self {
        Running::start(command, input).await.end().await
    }

    /// What stands on standard error, without how long a turn took.
    #[must_use]
    pub fn err_without_times(&self) -> String {
        let line = |line: &str| match line.strip_suffix(" s · tokens and cost unknown") {
            Some(rest) => match rest.rsplit_once(" · ") {
                Some((status, _)) => format!("{status} · TIME · tokens and cost unknown"),
                None => line.to_owned(),
            },
            None => line.to_owned(),
        };
        self.err.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    /// What stands on standard error from the first `error:` on; a log may be before it.
    #[must_use]
    pub fn error(&self) -> &str {
        let at = self.err.find("error: ").unwrap_or(self.err.len());
        self.err.get(at..).unwrap_or_default()
    }
}

/// A command that runs.
pub struct Running {
    child: Child,
    err: BufReader<ChildStderr>,
    seen: String,
}

impl Running {
    /// Starts a command.
    pub async fn start(command: Command, input: &str) -> Self {
        let mut child = tokio::process::Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the command starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // One that reads nothing may have ended already.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let err = BufReader::new(child.stderr.take().expect("stderr is piped"));
        Self {
            child,
            err,
            seen: String::new(),
        }
    }

    /// Waits until a line on standard error has this in it.
    pub async fn says(&mut self, part: &str) {
        within(&format!("the command to say {part:?}"), async {
            loop {
                let mut line = String::new();
                let read = self.err.read_line(&mut line).await.expect("it says text");
                self.seen += &line;
                assert!(read > 0, "it never said {part:?}:\n{}", self.seen);
                if line.contains(part) {
                    return;
                }
            }
        })
        .await;
    }

    /// Does what Ctrl-C does.
    pub fn interrupt(&self) {
        process::kill(self.child.id().expect("it runs"), Signal::INT);
    }

    /// Asks it politely to end.
    pub fn terminate(&self) {
        process::kill(self.child.id().expect("it runs"), Signal::TERM);
    }

    /// Waits for its end.
    pub async fn end(mut self) -> Said {
        let mut stdout = self.child.stdout.take().expect("stdout is piped");
        let (mut out, mut err) = (String::new(), self.seen);
        let (code, _, _) = within("the command to end", async {
            tokio::join!(
                self.child.wait(),
                stdout.read_to_string(&mut out),
                self.err.read_to_string(&mut err)
            )
        })
        .await;
        Said {
            code: code.expect("it can be waited for").code(),
            out: without_ids(&out),
            err: without_ids(&err),
        }
    }
}

impl World {
    /// Waits until a session's status has this reason.
    pub async fn has_reason(&self, id: SessionId, reason: &str) {
        let found = self.reason_that_begins(id, reason).await;
        assert_eq!(found, reason);
    }

    /// Waits until a session's status has a reason that begins so; gives all of it.
    pub async fn reason_that_begins(&self, id: SessionId, beginning: &str) -> String {
        let client = self.client();
        until(&format!("session {id} to say {beginning:?}"), async || {
            let session = client.session(id).await.expect("the session is known");
            let reason = session.status_reason.unwrap_or_default();
            reason.starts_with(beginning).then_some(reason)
        })
        .await
    }

    /// Runs the command line against this world to its end.
    pub async fn says(&self, args: &[&str]) -> Said {
        Said::by(self.cli(args)).await
    }
}

/// The text with `ID` for every UUID.
#[must_use]
pub fn without_ids(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_id = rest.get(..36).is_some_and(is_uuid);
        let length = if is_id { 36 } else { first.len_utf8() };
        shown.push_str(if is_id { "ID" } else { &rest[..length] });
        rest = &rest[length..];
    }
    shown
}

fn is_uuid(text: &str) -> bool {
    text.char_indices().all(|(at, letter)| match at {
        8 | 13 | 18 | 23 => letter == '-',
        _ => letter.is_ascii_hexdigit(),
    })
}
