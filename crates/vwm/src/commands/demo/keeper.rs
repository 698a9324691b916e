//! Clears up behind a demo that was killed: a process of its own, which waits until nobody holds its standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::ground::{self, Ground};
use super::server;
use crate::error::CliError;

/// What is to be cleared up.
#[derive(Debug, Args)]
pub(crate) struct KeeperArgs {
    /// The demo's folder
    folder: PathBuf,
    /// The demo's server
    server: u32,
    /// Leaves the folder
    #[arg(long)]
    keep: bool,
}

/// One who waits; dropped or sent away, it does nothing.
pub(super) struct Keeper(Child);

impl Keeper {
    /// Starts it.
    pub(super) fn start(folder: &Path, server: u32, ground: &Ground) -> Result<Self, CliError> {
        let failed = || CliError::system("cannot start a process of this same program");
        let program = std::env::current_exe().map_err(failed())?;
        let mut command = Command::new(program);
        command.arg("demo-keeper").arg(folder);
        command.arg(server.to_string());
        if ground.is_kept() {
            command.arg("--keep");
        }
        let child = command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is for the demo.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed())?;
        Ok(Self(child))
    }

    /// Sends it away, and returns when it is gone.
    pub(super) async fn leave(mut self) {
        // It may rightly be gone.
        let _ = self.0.kill().await;
    }
}

/// Waits for the demo's end, and clears up.
pub(crate) async fn run(args: KeeperArgs) -> Result<(), CliError> {
    let mut nothing = Vec::new();
    io::stdin()
        .read_to_end(&mut nothing)
        .map_err(CliError::system("cannot wait for the demo's end"))?;
    kill_server(&args);
    server::stop_jobs(&args.folder).await;
    if args.keep {
        return Ok(());
    }
    ground::remove(&args.folder).await;
    Ok(())
}

/// Kills the server, unless its number is another process's by now.
fn kill_server(args: &KeeperArgs) {
    let line = std::fs::read(format!("/proc/{}/cmdline", args.server)).unwrap_or_default();
    let data_dir = server::data_dir(&args.folder);
    let is_it = String::from_utf8_lossy(&line)
        .split('\0')
        .any(|word| Path::new(word) == data_dir);
    let pid = i32::try_from(args.server).ok().and_then(Pid::from_raw);
    if let (true, Some(pid)) = (is_it, pid) {
        // It may rightly be gone.
        let _ = kill_process(pid, Signal::KILL);
    }
}
