//! Asks npm for one package at one version, and waits no longer than is sensible.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, MissedTickBehavior, interval};
use vwm_harness::adapters::Install;

use super::progress::Progress;
use crate::config::Environment;
use crate::error::CliError;

/// An engine has up to 400 MB.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// How many of npm's last lines are shown when it fails.
const TAIL: usize = 15;

/// Installs the package below `folder`.
pub(crate) async fn install(
    install: &Install,
    folder: &Path,
    env: &Environment,
    progress: &mut Progress,
) -> Result<(), CliError> {
    let wanted = format!("{}@{}", install.package, install.version);
    let mut child = Command::new("npm")
        .args(["install", "--prefix"])
        .arg(folder)
        .args([
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--no-update-notifier",
            // Its own patience is minutes of silence.
            "--fetch-retries=2",
            "--fetch-retry-maxtimeout=10000",
        ])
        .arg(&wanted)
        .env_clear()
        .envs(&env.npm)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // npm has children of its own; they are stopped together, and by us alone.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(not_there)?;
    let mut group = Group(child.id());
    let out = child.stdout.take().expect("stdout is piped");
    let err = child.stderr.take().expect("stderr is piped");
    let lines = async { tokio::join!(tail(out), tail(err)) };
    let status = watch(&mut child, folder, progress);
    let ((out, err), status) = tokio::join!(lines, async {
        let status = status.await;
        match &status {
            Ok(Some(_)) => group.0 = None,
            // Its pipes stay open, and are read, as long as any of it lives.
            Ok(None) | Err(_) => group.kill(),
        }
        status
    });
    let failed = |what: String| {
        let mut said: Vec<String> = err.into();
        if said.is_empty() {
            said = out.into();
        }
        let said = said.join("\n  ");
        CliError::failed(
            format!("{what}\n  {said}"),
            "npm sees of your environment only PATH, HOME, npm_config_*, proxies and certificate authorities; \
             offline, copy the engine's folder from a machine that has it",
        )
    };
    match status {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(failed(format!("npm could not install {wanted} ({status})"))),
        Ok(None) => Err(failed(format!(
            "npm did not install {wanted} within {} minutes",
            LIMIT.as_secs() / 60
        ))),
        Err(source) => Err(CliError::System {
            what: "cannot wait for npm".to_owned(),
            source,
        }),
    }
}

/// Waits for npm and shows how much it has brought; none when it takes too long.
async fn watch(
    child: &mut Child,
    folder: &Path,
    progress: &mut Progress,
) -> io::Result<Option<std::process::ExitStatus>> {
    let until = Instant::now() + LIMIT;
    let mut beat = interval(Duration::from_millis(500));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            status = child.wait() => return status.map(Some),
            () = tokio::time::sleep_until(until) => return Ok(None),
            _ = beat.tick() => progress.brought(size(folder)),
        }
    }
}

/// npm and its children; they are killed when nobody waits for them any longer.
struct Group(Option<u32>);

impl Group {
    fn kill(&mut self) {
        let pid = self.0.take().and_then(|pid| i32::try_from(pid).ok());
        if let Some(group) = pid.and_then(Pid::from_raw) {
            // It may rightly be gone.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn tail(lines: impl AsyncRead + Unpin) -> VecDeque<String> {
    let mut lines = BufReader::new(lines).lines();
    let mut tail = VecDeque::new();
    // What cannot be read is not shown.
    while let Ok(Some(line)) = lines.next_line().await {
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    tail
}

/// The bytes of all files below a folder; what vanishes while it is counted does not count.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let one = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(one).sum()
}

fn not_there(source: io::Error) -> CliError {
    if source.kind() == io::ErrorKind::NotFound {
        return CliError::failed(
            "npm is not installed, and engines come from its registry",
            "install Node.js 20 or newer (it is needed only for this), \
             or copy the engine's folder from a machine that has it",
        );
    }
    CliError::System {
        what: "cannot start npm".to_owned(),
        source,
    }
}
