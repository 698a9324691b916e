//! The machine's side: the server's process and what its sessions run, by pids that we started or that our data directory names.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde_json::Value;
use tokio::process::{Child, Command};
use vwm_api::SessionId;
use vwm_api::volume::{JobFile, VolumePaths, start_time};

use super::Plan;
use crate::process;

/// How long a server may take until it is ready.
const START_MAX: Duration = Duration::from_secs(30);
/// How long it may take to stop.
const STOP_MAX: Duration = Duration::from_secs(20);

/// What sessions of a chaos bear: short limits, so that much happens.
const LIMITS: [&str; 12] = [
    "--idle-timeout",
    "3",
    "--max-turns",
    "10",
    "--worker-max-turns",
    "9",
    "--engine-idle",
    "4",
    "--max-engines",
    "12",
    "--end-deadline",
    "120",
];

/// A server's process.
pub(super) struct Host {
    child: Child,
    /// Where it is; known once it is ready.
    pub(super) url: String,
    /// Its pid.
    pub(super) pid: u32,
}

impl Host {
    /// Starts a server; it is not ready yet.
    pub(super) fn spawn(
        plan: &Plan,
        data_dir: &Path,
        model: &str,
        provider_key: &str,
    ) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(data_dir.with_extension("log"))
            .context("cannot open the server's log")?;
        let mut command = Command::new(&plan.program);
        command
            .arg("--data-dir")
            .arg(data_dir)
            .args(["server", "--listen", "127.0.0.1:0"])
            .args(LIMITS)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", data_dir)
            .env("VWM_LOG", "info,vwm_server=debug,vwm_jobs=debug")
            .env("VWM_ANTHROPIC_API_KEY", provider_key)
            .env("VWM_ANTHROPIC_BASE_URL", model)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot share the log")?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(url) = &plan.database_url {
            command.env("VWM_DATABASE_URL", url);
        }
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start {}", plan.program.display()))?;
        let pid = child.id().context("the server ended at once")?;
        Ok(Self {
            child,
            url: String::new(),
            pid,
        })
    }

    /// Waits until it is ready.
    pub(super) async fn ready(&mut self, data_dir: &Path) -> Result<()> {
        let until = Instant::now() + START_MAX;
        let file = data_dir.join("server.json");
        loop {
            let told = std::fs::read(&file).ok();
            let told = told.and_then(|json| serde_json::from_slice::<Value>(&json).ok());
            let told = told.filter(|told| told["pid"] == self.pid);
            if let Some(url) = told.as_ref().and_then(|told| told["url"].as_str()) {
                url.clone_into(&mut self.url);
                return Ok(());
            }
            let ended = self
                .child
                .try_wait()
                .context("cannot look after the server")?;
            if let Some(status) = ended {
                bail!(
                    "the server ended with {status} before it was ready; see {}",
                    data_dir.with_extension("log").display()
                );
            }
            if Instant::now() > until {
                bail!("the server was not ready within {} s", START_MAX.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills it.
    pub(super) async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the server")
    }

    /// Stops it as Ctrl-C does.
    pub(super) async fn stop(&mut self) -> Result<()> {
        process::kill(self.pid, Signal::INT);
        let ended = tokio::time::timeout(STOP_MAX, self.child.wait()).await;
        let Ok(ended) = ended else {
            bail!(
                "the server did not stop within {} s after SIGINT",
                STOP_MAX.as_secs()
            );
        };
        let status = ended.context("cannot wait for the server")?;
        if !status.success() {
            bail!("the server stopped with {status}");
        }
        Ok(())
    }

    /// How many descriptors it has open.
    pub(super) fn descriptors(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.pid));
        open.map_or(0, Iterator::count)
    }
}

/// A session's folder.
pub(super) fn volume(data_dir: &Path, session: SessionId) -> VolumePaths {
    VolumePaths::new(data_dir.join("sessions").join(session.to_string()))
}

/// The harness of a volume, if the process that it names still is that one.
pub(super) fn harness(volume: &VolumePaths) -> Option<u32> {
    let job: JobFile = serde_json::from_slice(&std::fs::read(volume.job_file()).ok()?).ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", job.pid)).ok()?;
    (start_time(&stat) == Some(job.start_time)).then_some(job.pid)
}

/// The engines below a harness.
pub(super) fn engines(harness: u32) -> Vec<u32> {
    let is_engine = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("\0scripted\0agent")
    };
    process::descendants(harness)
        .into_iter()
        .filter(is_engine)
        .collect()
}

/// The volumes that a data directory has.
pub(super) fn volumes(data_dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data_dir.join("sessions"));
    let entries = entries.into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Kills every harness of a data directory whose server is gone, and waits until nothing runs below them.
pub(super) fn end_harnesses(data_dir: &Path) {
    for volume in volumes(data_dir).into_iter().map(VolumePaths::new) {
        if let Some(harness) = harness(&volume) {
            process::kill(harness, Signal::CONT);
            process::kill(harness, Signal::KILL);
            let until = Instant::now() + Duration::from_secs(10);
            // One that does not end in time is told of by what is left of it.
            let _ = vwm_harness::supervisor::wait_for_engines(&volume.engines_lock(), until);
        }
    }
}
