//! VWM itself, through its public API.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use vwm_api::volume::VolumePaths;

use super::database::Database;
use super::{Host, Scratch, Server, free_port, scratch};
use crate::http::Http;
use crate::process;

/// A server with a worker; dropped, it and its harnesses are gone.
pub(crate) struct Vwm {
    server: Option<Server>,
    key: String,
    folder: TempDir,
    /// Its database, where that is PostgreSQL; dropped after the server.
    database: Option<Database>,
}

impl Vwm {
    /// Starts a server on an empty data directory, and an empty database of a PostgreSQL where one is named, with a worker whose engine is the benchmarks' agent.
    pub(crate) fn start(
        program: &Path,
        agent: &Path,
        scratch: &Scratch,
        postgres: Option<&str>,
    ) -> Result<Self> {
        let folder = scratch.folder("vwm-")?;
        let database = postgres.map(Database::create).transpose()?;
        let url = database.as_ref().map(Database::url);
        let server = serve(program, folder.path(), url)?;
        let mut vwm = Self {
            server: Some(server),
            key: String::new(),
            folder,
            database,
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

    /// Kills the server as a lack of memory would; its harnesses go on.
    pub(crate) fn kill_server(&mut self) {
        if let Some(server) = self.server.take() {
            process::signal(server.pid(), Signal::KILL);
        }
    }

    /// Starts a server on what the one before left.
    pub(crate) fn start_again(&mut self, program: &Path) -> Result<()> {
        let database = self.database.as_ref().map(Database::url);
        self.server = Some(serve(program, self.folder.path(), database)?);
        Ok(())
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// Starts a server on the data directory in a folder; it may be there already.
pub(crate) fn serve(program: &Path, folder: &Path, database: Option<&str>) -> Result<Server> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .arg("--data-dir")
        .arg(folder.join("data"))
        .args(["server", "--listen", &format!("127.0.0.1:{port}")])
        .arg("--engines-dir")
        .arg(folder.join("engines"));
    let database = database.map(|url| ("VWM_DATABASE_URL", url));
    Server::start(&mut command, database, folder, port, "/health")
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
