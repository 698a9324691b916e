//! A server process of the program under test.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::{binary, config, process, until};

/// A running server; dropping it kills it.
pub struct Server {
    child: Child,
    /// Where it is.
    pub url: String,
}

impl Server {
    /// Runs a command that starts a server, and waits until it is ready.
    #[must_use]
    pub fn run(data_dir: &Path, command: &mut Command) -> Self {
        Self::run_or_end(data_dir, command).unwrap_or_else(|status| {
            let log = std::fs::read_to_string(data_dir.with_extension("log")).unwrap_or_default();
            panic!("the server ended with {status} before it was ready:\n{log}")
        })
    }

    /// Likewise, where it may end before it is ready: then this is how.
    pub fn run_or_end(data_dir: &Path, command: &mut Command) -> Result<Self, ExitStatus> {
        let mut child = command.spawn().expect("the server starts");
        let until = Instant::now() + Duration::from_secs(20);
        let file = data_dir.join("server.json");
        loop {
            let ready = std::fs::read(&file)
                .ok()
                .and_then(|json| serde_json::from_slice::<Value>(&json).ok());
            if let Some(url) = ready
                .filter(|told| told["pid"] == child.id())
                .and_then(|told| told["url"].as_str().map(str::to_owned))
            {
                return Ok(Self { child, url });
            }
            if let Some(status) = child.try_wait().expect("the server can be waited for") {
                return Err(status);
            }
            if Instant::now() > until {
                // It may have ended just now.
                let _ = child.kill();
                panic!("the server is not ready in time");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        let status = self.child.try_wait();
        status.expect("the server can be waited for").is_some()
    }

    /// The command that starts a server, with a cleared environment and its log beside the data directory.
    #[must_use]
    pub fn command(data_dir: &Path, model: &str, more: &[&str]) -> Command {
        let log = data_dir.with_extension("log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        let mut command = Command::new(binary::vwm());
        command
            .arg("--data-dir")
            .arg(data_dir)
            .args(["server", "--listen", "127.0.0.1:0"])
            .args(more)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", data_dir)
            .env("VWM_LOG", "debug,hyper=info,sqlx=info")
            .env("VWM_ENGINES_DIR", config::engines_dir())
            .env("VWM_ANTHROPIC_API_KEY", "sk-test-provider-key")
            .env("VWM_ANTHROPIC_BASE_URL", model)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        command
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a loss of its machine's patience would: with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server can be waited for");
    }

    /// Waits until it has ended by itself, or by a signal of the test.
    pub async fn ended(mut self) -> ExitStatus {
        until("the server to end", async || {
            self.child.try_wait().expect("it can be waited for")
        })
        .await
    }

    /// Asks it to stop, as Ctrl-C does, and waits until it has.
    pub fn stop(mut self) {
        process::kill(self.child.id(), Signal::INT);
        let status = self.child.wait().expect("the server can be waited for");
        assert!(status.success(), "the server stopped with {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
