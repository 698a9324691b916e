//! The program `push-bundle`: one branch, from its bundle to its remote, for whoever started it and as long as they listen.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::Mode;
use tokio::sync::oneshot;
use tracing::{error, info};
use vwm_api::harness::{PushAnswer, PushOrder};

use crate::git::{self, GitError};
use crate::process::Host;
use crate::supervisor::Confinement;

/// How long all of it may take.
const DEADLINE: Duration = Duration::from_secs(300);
/// More than any order.
const MAX_ORDER: u64 = 1024 * 1024;

/// Reads a [`PushOrder`] from standard input, does it, and prints a [`PushAnswer`]; ends early when nobody would read that.
pub fn push_bundle() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(%error, "Nothing is pushed; a server starts this program and says what to push");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let mut line = String::new();
    io::stdin().lock().take(MAX_ORDER).read_line(&mut line)?;
    let order: PushOrder = serde_json::from_str(&line)?;
    vwm_failpoints::pass("push.begun");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answer = runtime.block_on(async {
        tokio::select! {
            answer = answer(&order) => Ok(answer),
            () = forsaken() => Err(io::Error::other("nobody waits for the answer")),
        }
    })?;
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    io::stdout().write_all(&line)
}

async fn answer(order: &PushOrder) -> PushAnswer {
    let lock = Path::new(&order.scratch).join("git/lock");
    let host = Host::new(lock, Confinement::Ours);
    let pushed = tokio::time::timeout(DEADLINE, git::push_bundle(order, &host)).await;
    let pushed = pushed.unwrap_or_else(|_| {
        Err(GitError::TimedOut {
            doing: format!("push {}", order.branch),
            seconds: DEADLINE.as_secs(),
        })
    });
    match pushed {
        Ok(()) => {
            vwm_failpoints::pass("push.taken");
            info!(session.id = %order.session, branch = order.branch, "Branch is pushed from its bundle");
            PushAnswer::Pushed
        }
        Err(error) => {
            let reason = vwm_api::chain(&error);
            info!(session.id = %order.session, branch = order.branch, reason, "Branch is still not pushed");
            PushAnswer::Failed(reason)
        }
    }
}

/// Returns once the other end of standard output is gone; never where that cannot be told.
async fn forsaken() {
    let (tell, told) = oneshot::channel();
    // It waits in the kernel until the process ends, which a task must not.
    std::thread::spawn(move || {
        if wait_for_hangup().is_ok() {
            // The answer may have been given in the meantime.
            let _ = tell.send(());
        }
    });
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn wait_for_hangup() -> io::Result<()> {
    let output = io::stdout();
    loop {
        let mut fds = [PollFd::new(&output, PollFlags::empty())];
        match rustix::event::poll(&mut fds, None) {
            Ok(_) if !fds[0].revents().is_empty() => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
