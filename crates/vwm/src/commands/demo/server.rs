//! The demo's server: this same program as a child, on a free port, in a folder of its own.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use vwm_client::Client;
use vwm_jobs::{JobBackend, JobId, Local, Volume};

use super::model::Model;
use crate::config::Environment;
use crate::connect::server_file;
use crate::error::CliError;

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(30);

/// How long a harness may take from its start until it is known.
const STARTING: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What the server is told.
pub(crate) struct Options<'a> {
    /// The demo's folder.
    pub(crate) folder: &'a Path,
    /// Where the engines are.
    pub(crate) engines_dir: &'a Path,
    /// The model.
    pub(crate) model: &'a Model,
    /// Whether the engine may run without a wall.
    pub(crate) unconfined: bool,
    /// Our environment, of which it gets `PATH`.
    pub(crate) env: &'a Environment,
}

/// A server; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    data_dir: PathBuf,
    log: PathBuf,
}

/// Where the server of a demo keeps everything.
pub(crate) fn data_dir(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Stops the harnesses that a server left, with all that runs below them; to be asked when the server is gone.
pub(crate) async fn stop_jobs(folder: &Path) {
    let until = Instant::now() + STARTING;
    loop {
        stop_known_jobs(folder).await;
        // One that the server had just started holds nothing yet by which it would be known.
        if !is_in_use(&data_dir(folder)) || Instant::now() >= until {
            return;
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Whether a process was started with something of the data directory, which is this demo's alone.
fn is_in_use(data_dir: &Path) -> bool {
    let mut processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0).map(OsStr::from_bytes);
        words.any(|word| Path::new(word).starts_with(data_dir))
    })
}

async fn stop_known_jobs(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(data_dir(folder).join("sessions")) else {
        return;
    };
    let Ok(jobs) = Local::open(&data_dir(folder)) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(session) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let id = JobId {
            session,
            generation: 0,
        };
        if let Err(error) = jobs.remove(&id, Volume::Keep).await {
            super::complain(&format!("a process of session {session} is left: {error}"));
        }
    }
}

impl Server {
    /// Starts it.
    pub(crate) fn start(options: &Options<'_>) -> Result<Self, CliError> {
        let failed = || "cannot start a server of this same program";
        let data_dir = data_dir(options.folder);
        let home = options.folder.join("home");
        std::fs::create_dir_all(&home).map_err(CliError::system(failed()))?;
        let log = options.folder.join("server.log");
        let log_file = std::fs::File::create(&log).map_err(CliError::system(failed()))?;
        let program = std::env::current_exe().map_err(CliError::system(failed()))?;
        let mut command = Command::new(program);
        command.arg("server").arg("--data-dir").arg(&data_dir);
        command.arg("--engines-dir").arg(options.engines_dir);
        command.args(["--listen", "127.0.0.1:0"]);
        if options.unconfined {
            command.arg("--unconfined");
        }
        let child = command
            .env_clear()
            .env("PATH", &options.env.path)
            .env("HOME", &home)
            .envs(options.model.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file)
            // Ctrl-C is for us: the session ends first, then the server.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(CliError::system(failed()))?;
        Ok(Self {
            child,
            data_dir,
            log,
        })
    }

    /// Its process; 0 when it is gone.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// One who asks it.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let no_server = || CliError::NoServer {
            data_dir: self.data_dir.clone(),
        };
        let file = server_file(&self.data_dir)?.ok_or_else(no_server)?;
        let key = std::fs::read_to_string(self.data_dir.join("admin.key"))
            .map_err(CliError::system("cannot read the demo's key"))?;
        Ok(Client::new(&file.url, key.trim())?)
    }

    /// Returns when its process is gone.
    pub(crate) async fn gone(&mut self) {
        // How it ended is told when it is stopped.
        let _ = self.child.wait().await;
    }

    /// Its log's last lines.
    pub(crate) fn log_tail(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(20)..];
        tail.iter().map(|line| format!("  {line}\n")).collect()
    }

    /// Stops it, and returns when it is gone.
    pub(crate) async fn stop(mut self) -> Result<(), CliError> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may rightly be gone.
            let _ = kill_process(pid, Signal::INT);
        }
        match tokio::time::timeout(STOP, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(self.failed(&format!("the server did not stop well: {status}"))),
            Ok(Err(source)) => Err(CliError::system("cannot wait for the server")(source)),
            Err(_) => Err(self.failed("the server did not stop, and was killed")),
        }
    }

    /// Returns when it is ready.
    pub(crate) async fn until_ready(&mut self) -> Result<(), CliError> {
        let until = Instant::now() + START;
        loop {
            if server_file(&self.data_dir)?.is_some() {
                return Ok(());
            }
            let gone: Option<ExitStatus> = self
                .child
                .try_wait()
                .map_err(CliError::system("cannot wait for the server"))?;
            if let Some(status) = gone {
                return Err(self.failed(&format!("the server did not start: {status}")));
            }
            if Instant::now() > until {
                return Err(self.failed(&format!(
                    "the server was not ready within {} s",
                    START.as_secs()
                )));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn failed(&self, what: &str) -> CliError {
        let log = self.log_tail();
        CliError::Failed {
            message: format!("{what}\n{}", log.trim_end()),
            hint: None,
        }
    }
}
