//! A real server in a folder of its own, for what asks it from outside; its engine is the scripted agent.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::step::{command, execute};

/// How long a server may take until it is ready.
const START_MAX: Duration = Duration::from_secs(30);

/// A running server; dropping it ends all that it started.
pub(crate) struct Server {
    folder: TempDir,
    program: PathBuf,
    child: Child,
    /// Where it is.
    pub(crate) url: String,
}

impl Server {
    /// Starts a server of this program and waits until it is ready.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("vwm-xtask-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let log = File::create(folder.path().join("server.log")).context("cannot make a log")?;
        let child = ours(program, folder.path())
            .args(["server", "--listen", "127.0.0.1:0"])
            .env("VWM_ANTHROPIC_API_KEY", "sk-test")
            .env("VWM_ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
            .stdout(log.try_clone().context("cannot share the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = Self {
            folder,
            program: program.to_owned(),
            child,
            url: String::new(),
        };
        server.url = server.ready()?;
        Ok(server)
    }

    /// A folder beside the server's own.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {name}"))?;
        Ok(folder)
    }

    /// The admin's key.
    pub(crate) fn key(&self) -> Result<String> {
        let key = fs::read_to_string(self.folder.path().join("data/admin.key"));
        Ok(key
            .context("the first start wrote no key")?
            .trim()
            .to_owned())
    }

    /// What an engine is that answers at once.
    pub(crate) fn engine(&self) -> Value {
        json!({"command": self.program, "args": ["scripted", "agent"]})
    }

    /// Asks the server by the command line.
    pub(crate) fn ask(&self, line: &str) -> Result<String> {
        let mut command = ours(&self.program, self.folder.path());
        command.args(line.split(' '));
        let told = command.output().context("cannot start vwm")?;
        if !told.status.success() {
            // Hints and errors are there; they are nobody's business while all goes well.
            let why = String::from_utf8_lossy(&told.stderr);
            bail!("`vwm {line}` failed ({}): {}", told.status, why.trim());
        }
        Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
    }

    /// Likewise, for an answer that is JSON.
    pub(crate) fn ask_json(&self, line: &str) -> Result<Value> {
        let told = self.ask(&format!("{line} --output json"))?;
        serde_json::from_str(&told).with_context(|| format!("`vwm {line}` printed no JSON"))
    }

    /// Makes a worker that answers at once.
    pub(crate) fn make_worker(&self, name: &str) -> Result<()> {
        let file = self.folder.path().join(format!("{name}.json"));
        let worker = json!({"name": name, "cliType": "acp", "engine": self.engine()});
        fs::write(&file, worker.to_string()).context("cannot write the worker")?;
        self.ask(&format!("worker apply --file {}", file.display()))?;
        Ok(())
    }

    /// Fails where the server does not answer any more, or where its log tells of a failure of its own.
    pub(crate) fn is_well(&mut self) -> Result<()> {
        if let Some(status) = self
            .child
            .try_wait()
            .context("cannot look after the server")?
        {
            bail!("the server ended with {status}:\n{}", tail(&self.log()));
        }
        // Any command that asks will do.
        self.ask("worker list")?;
        let log = self.log() + &self.harness_logs();
        let bad: Vec<_> = log.lines().filter(|line| is_bad(line)).take(20).collect();
        if !bad.is_empty() {
            bail!(
                "the logs of server and harnesses tell of their own failures:\n  {}",
                bad.join("\n  ")
            );
        }
        Ok(())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// What the harnesses complained about whose sessions are still there.
    fn harness_logs(&self) -> String {
        let sessions = fs::read_dir(self.folder.path().join("data/sessions"));
        let sessions = sessions.into_iter().flatten().flatten();
        let logs = sessions.map(|session| session.path().join("state/harness.log"));
        logs.filter_map(|log| fs::read_to_string(log).ok())
            .collect()
    }

    fn ready(&mut self) -> Result<String> {
        let until = Instant::now() + START_MAX;
        let file = self.folder.path().join("data/server.json");
        loop {
            let told = fs::read(&file).ok();
            let told = told.and_then(|json| serde_json::from_slice::<Value>(&json).ok());
            if let Some(url) = told.as_ref().and_then(|told| told["url"].as_str()) {
                return Ok(url.to_owned());
            }
            if let Some(status) = self
                .child
                .try_wait()
                .context("cannot look after the server")?
            {
                bail!("the server ended with {status}:\n{}", tail(&self.log()));
            }
            if Instant::now() > until {
                bail!("the server is not ready in time:\n{}", tail(&self.log()));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the harnesses, which outlive their server by design; what stands below them ends by itself.
    fn kill_harnesses(&self) -> Result<()> {
        for process in fs::read_dir("/proc")
            .context("cannot list processes")?
            .flatten()
        {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            let is_ours = line.contains(&*self.folder.path().to_string_lossy());
            let pid = process.file_name().to_string_lossy().into_owned();
            if is_ours && line.contains("\0harness\0") {
                execute(
                    &mut command(&format!("kill -KILL {pid}")),
                    "it was gone already",
                )?;
            }
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Err(error) = self.kill_harnesses() {
            eprintln!("{error:#}");
        }
    }
}

/// A command of the program under test: nothing of this environment, and no key that opens anything.
fn ours(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg("--data-dir")
        .arg(folder.join("data"))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// Whether a line of the log says that someone must look.
fn is_bad(line: &str) -> bool {
    line.contains(" ERROR ") || line.contains("panicked at")
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_tells_when_someone_must_look() {
        let lines = [
            "2026-01-01T00:00:00Z  INFO vwm_server::run: Listening on http://127.0.0.1:1",
            "2026-01-01T00:00:00Z  WARN vwm_server::orchestrator::act: Session does not start reason=\"ERROR\"",
            "2026-01-01T00:00:00Z ERROR vwm_server::http::requests: Request 1 failed: no such table",
            "thread 'tokio-runtime-worker' panicked at crates/server/src/run.rs:1:1:",
        ];
        assert_eq!(lines.map(is_bad), [false, false, true, true]);
    }
}
