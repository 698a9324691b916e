//! A server process that was started here.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use super::scratch;
use crate::http::Http;
use crate::process;

/// How long a server may take to be ready, or to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; dropped, it is stopped.
pub(crate) struct Server {
    child: Child,
    /// Where it is.
    pub(crate) address: String,
}

impl Server {
    /// Starts a command that will listen on a port of this machine, and waits until it answers at a path. Nothing of the environment
    /// reaches it but the variable that is named.
    pub(crate) fn start(
        command: &mut Command,
        variable: Option<(&str, &str)>,
        home: &Path,
        port: u16,
        path: &str,
    ) -> Result<Self> {
        let log = home.join("server.log");
        let out = File::options().create(true).append(true).open(&log)?;
        let child = command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", home)
            .envs(variable)
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        scratch::started(child.id());
        let mut server = Self {
            child,
            address: format!("127.0.0.1:{port}"),
        };
        let until = Instant::now() + PATIENCE;
        while !server.answers(path) {
            let ended = server.child.try_wait()?;
            if ended.is_some() || Instant::now() > until {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                let lines: Vec<_> = log.lines().rev().take(5).collect();
                bail!("the server is not ready; the last that it said, backwards: {lines:?}");
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(server)
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn answers(&self, path: &str) -> bool {
        let asked =
            Http::connect(&self.address, None).and_then(|mut http| http.exchange("GET", path, ""));
        asked.is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut family = process::descendants(self.pid());
        family.push(self.pid());
        process::signal(self.pid(), Signal::TERM);
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // What it left of its own; VWM's harnesses are looked for by their volumes, too.
        for pid in family {
            process::signal(pid, Signal::KILL);
        }
        // It has ended or been killed.
        let _ = self.child.wait();
        scratch::ended(self.pid());
    }
}

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
