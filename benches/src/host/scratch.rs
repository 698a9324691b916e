//! The folder that everything of a run is in, and the end of every process that was started for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use vwm_api::volume::{JobFile, VolumePaths, start_time};

use crate::process;

/// The servers that run now.
static SERVERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// How long killed processes may take to be gone.
const PATIENCE: Duration = Duration::from_secs(20);

/// A run's folder; dropped, nothing that was started in it runs, and it is gone.
pub(crate) struct Scratch(Option<TempDir>);

impl Scratch {
    /// Makes a folder below `work`. It goes with this value, and also when the run is interrupted.
    pub(crate) fn new(work: &Path) -> Result<Self> {
        std::fs::create_dir_all(work).with_context(|| format!("cannot make {}", work.display()))?;
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(work)?;
        leave_nothing_when_interrupted(folder.path().to_owned())?;
        Ok(Self(Some(folder)))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.as_ref().expect("it is there until the end").path()
    }

    /// A new folder in it.
    pub(crate) fn folder(&self, name: &str) -> Result<TempDir> {
        let folder = tempfile::Builder::new()
            .prefix(name)
            .tempdir_in(self.path());
        folder.context("cannot make a folder; is the disk full?")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for folder in folders_in(self.path()) {
            end_harnesses(&folder.join("data"));
        }
        if let Some(Err(error)) = self.0.take().map(TempDir::close) {
            eprintln!("the run's folder cannot be deleted: {error}");
        }
    }
}

/// Remembers a server that was started.
pub(super) fn started(pid: u32) {
    SERVERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(pid);
}

/// Forgets it.
pub(super) fn ended(pid: u32) {
    SERVERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&pid);
}

/// Kills the harnesses of a data directory, which outlive their server by design, and waits until all of them and what they started
/// is gone.
pub(super) fn end_harnesses(data_dir: &Path) {
    let mut family = Vec::new();
    for volume in folders_in(&data_dir.join("sessions")) {
        if let Some(pid) = harness(&VolumePaths::new(volume)) {
            family.extend(process::descendants(pid));
            family.push(pid);
            process::signal(pid, Signal::KILL);
        }
    }
    if let Err(error) = process::wait_gone(&family, PATIENCE) {
        eprintln!("{error:#}");
    }
}

/// The process of a volume's harness; none where it is gone.
pub(super) fn harness(volume: &VolumePaths) -> Option<u32> {
    let file = std::fs::read(volume.job_file()).ok()?;
    let job: JobFile = serde_json::from_slice(&file).ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", job.pid)).ok()?;
    (start_time(&stat) == Some(job.start_time)).then_some(job.pid)
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Ctrl-C ends the run and all that was started for it.
fn leave_nothing_when_interrupted(folder: PathBuf) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) = (
                signal(SignalKind::interrupt()),
                signal(SignalKind::terminate()),
            ) else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            let servers = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
            for server in servers.iter() {
                process::signal(*server, Signal::KILL);
            }
            for world in folders_in(&folder) {
                end_harnesses(&world.join("data"));
            }
            if let Err(error) = std::fs::remove_dir_all(&folder) {
                eprintln!("{} cannot be deleted: {error}", folder.display());
            }
            std::process::exit(130);
        });
    });
    Ok(())
}
