//! Short commands behind the wall: started, fed, read to the end.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::{Exit, Host, Launch, ProcessError};

/// How much of the complaints is kept: the last of them.
const TAIL: usize = 16 << 10;

/// What a short command may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From start to end.
    pub deadline: Duration,
    /// Bytes of its standard output.
    pub max_output: usize,
}

/// What a short command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// All that it printed.
    pub stdout: Vec<u8>,
    /// The last of what it complained about.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether it ended by itself with code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.exit.code == Some(0)
    }
}

impl Host {
    /// Runs a command to its end, and kills what it leaves behind.
    ///
    /// # Errors
    /// Whatever [`Host::start`] says, and what goes over the limits; a command that fails by itself is no error.
    pub async fn run(
        &self,
        launch: &Launch,
        input: Option<Vec<u8>>,
        limits: Limits,
    ) -> Result<Output, ProcessError> {
        let program = || launch.program.display().to_string();
        let mut process = self.start(launch).await?;
        let (stdin, stdout, stderr) = (process.stdin(), process.stdout(), process.stderr());
        let feed = async move {
            let mut stdin = stdin;
            if let Some(input) = input {
                // A command may end before it has read everything; how it ended says whether that is a fault.
                let _ = stdin.write_all(&input).await;
            }
            Ok(())
        };
        let read = async {
            let mut printed = Vec::new();
            let most = u64::try_from(limits.max_output).unwrap_or(u64::MAX);
            stdout
                .take(most.saturating_add(1))
                .read_to_end(&mut printed)
                .await
                .map_err(|source| ProcessError::Read {
                    program: program(),
                    source,
                })?;
            if printed.len() > limits.max_output {
                return Err(ProcessError::Output {
                    program: program(),
                    limit: limits.max_output,
                });
            }
            Ok(printed)
        };
        let complaints = async { Ok(tail(stderr).await) };
        let exited = async { Ok(process.exited().await) };
        let talk = async { tokio::try_join!(feed, read, complaints, exited) };
        let talked = tokio::time::timeout(limits.deadline, talk).await;
        let error = match talked {
            Ok(Ok(((), stdout, stderr, exit))) => {
                return Ok(Output {
                    exit,
                    stdout,
                    stderr,
                });
            }
            Ok(Err(error)) => error,
            Err(_) => ProcessError::Deadline {
                program: program(),
                deadline: limits.deadline,
            },
        };
        process.kill().await;
        Err(error)
    }
}

/// Reads to the end and keeps the last of it.
async fn tail(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut part = [0; 4096];
    // An error ends what can be read as the end does.
    while let Ok(length @ 1..) = from.read(&mut part).await {
        kept.extend_from_slice(&part[..length]);
        if kept.len() > 2 * TAIL {
            kept.drain(..kept.len() - TAIL);
        }
    }
    kept.drain(..kept.len().saturating_sub(TAIL));
    kept
}
