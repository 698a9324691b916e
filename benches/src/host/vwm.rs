//! VWM itself, through its public API.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use vwm_api::volume::VolumePaths;

use super::{Host, Scratch, Server, free_port, scratch};
use crate::http::Http;
use crate::process;

/// A server with a worker; dropped, it and its harnesses are gone.
pub(crate) struct Vwm {
    server: Option<Server>,
    key: String,
    folder: TempDir,
}

impl Vwm {
    /// Starts a server on an empty data directory, with a worker whose engine is the benchmarks' agent.
    pub(crate) fn start(program: &Path, agent: &Path, scratch: &Scratch) -> Result<Self> {
        let folder = scratch.folder("vwm-")?;
        let server = serve(program, folder.path())?;
        let mut vwm = Self {
            server: Some(server),
            key: String::new(),
            folder,
        };
        vwm.key = std::fs::read_to_string(vwm.data_dir().join("admin.key"))
            .context("the first start writes a key")?
            .trim()
            .to_owned();
        let mut http = vwm.connect()?;
        let folders = json!({"value": [agent.parent()]});
        http.ask("PUT", "/admin/settings/engineFolders", Some(&folders))?;
        let runtime = http.ask("GET", "/admin/runtimes/by-name/local", None)?;
        let worker = json!({
            "name": "bench",
            "runtimeId": runtime["id"],
            "cliType": "acp",
            "engine": {"command": agent, "args": []},
        });
        http.ask("POST", "/admin/workers", Some(&worker))?;
        Ok(vwm)
    }

    /// The process of a session's harness.
    pub(crate) fn harness(&self, session: &str) -> Result<u32> {
        let volume = VolumePaths::new(self.data_dir().join("sessions").join(session));
        scratch::harness(&volume).with_context(|| format!("session {session} has no harness"))
    }

    /// Kills a session's harness as a lack of memory would.
    pub(crate) fn kill_harness(&self, session: &str) -> Result<()> {
        process::signal(self.harness(session)?, Signal::KILL);
        Ok(())
    }

    /// Makes a session without waiting for it.
    pub(crate) fn begin(http: &mut Http) -> Result<String> {
        let session = http.ask("POST", "/sessions", Some(&json!({"workerName": "bench"})))?;
        let id = session["id"].as_str().context("a session has an id")?;
        Ok(id.to_owned())
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// Starts a server on the data directory in a folder; it may be there already.
pub(crate) fn serve(program: &Path, folder: &Path) -> Result<Server> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .arg("--data-dir")
        .arg(folder.join("data"))
        .args(["server", "--listen", &format!("127.0.0.1:{port}")])
        .arg("--engines-dir")
        .arg(folder.join("engines"));
    Server::start(&mut command, folder, port, "/health")
}

impl Host for Vwm {
    fn address(&self) -> &str {
        &self.server.as_ref().expect("it runs until the end").address
    }

    fn key(&self) -> Option<&str> {
        Some(&self.key)
    }

    fn pid(&self) -> u32 {
        self.server.as_ref().expect("it runs until the end").pid()
    }

    fn create(&self, http: &mut Http) -> Result<String> {
        let session = Self::begin(http)?;
        let watch = self.watch(&session)?;
        watch.until(r#""to":"active""#, r#""to":"failed""#)?;
        Ok(session)
    }

    fn prompt(&self, session: &str, script: &str) -> (String, String) {
        let body = json!({"prompt": format!("bench {script}")});
        (format!("/sessions/{session}/prompt"), body.to_string())
    }

    fn events(&self, session: &str) -> String {
        format!("/sessions/{session}/events")
    }

    fn mark(&self) -> &'static str {
        r#""type":"text""#
    }
}

impl Drop for Vwm {
    fn drop(&mut self) {
        self.server = None;
        scratch::end_harnesses(&self.data_dir());
    }
}
