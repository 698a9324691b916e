//! The peer: sandbox-agent, which hosts ACP agents over HTTP and stores nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Host, Scratch, Server, free_port};
use crate::config;
use crate::http::Http;

/// The version that the budgets were set beside.
pub(crate) const VERSION: &str = "0.4.2";

/// Installs it below `work` with npm unless it is there, and returns its program.
pub(crate) fn install(work: &Path) -> Result<PathBuf> {
    let folder = work.join(format!("sandbox-agent-{VERSION}"));
    if let Some(program) = program(&folder) {
        return Ok(program);
    }
    std::fs::create_dir_all(&folder)?;
    let output = Command::new("npm")
        .args(["install", "--prefix"])
        .arg(&folder)
        .args(["--ignore-scripts", "--no-audit", "--no-fund", "--no-save"])
        .args(["--fetch-retries=2", "--fetch-retry-maxtimeout=10000"])
        .arg(format!("@sandbox-agent/cli@{VERSION}"))
        .env_clear()
        .envs(config::for_npm())
        .current_dir(&folder)
        .output()
        .context("cannot start npm; install Node.js to have the peer measured")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "npm cannot install sandbox-agent {VERSION}: {}",
            said.trim()
        );
    }
    program(&folder).context("npm installed no program of sandbox-agent for this machine")
}

fn program(folder: &Path) -> Option<PathBuf> {
    let packages = std::fs::read_dir(folder.join("node_modules/@sandbox-agent")).ok()?;
    let programs = packages
        .flatten()
        .map(|package| package.path().join("bin/sandbox-agent"));
    programs.into_iter().find(|path| {
        let is_native = path.parent().and_then(Path::parent).is_some_and(|package| {
            package
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("cli-"))
        });
        is_native && path.is_file()
    })
}

/// A running peer.
pub(crate) struct Peer {
    server: Server,
    made: AtomicU64,
    _folder: TempDir,
}

impl Peer {
    /// Starts it; its slot `mock` runs the benchmarks' agent.
    pub(crate) fn start(program: &Path, agent: &Path, scratch: &Scratch) -> Result<Self> {
        let folder = scratch.folder("peer-")?;
        let slots = ".local/share/sandbox-agent/bin/agent_processes";
        let slots = folder.path().join(slots);
        std::fs::create_dir_all(&slots)?;
        std::fs::copy(agent, slots.join("mock-acp"))?;
        // npm leaves a package's scripts undone, and with them the right to run it.
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))?;
        let server = serve(program, folder.path())?;
        Ok(Self {
            server,
            made: AtomicU64::new(0),
            _folder: folder,
        })
    }

    fn call(method: &str, params: &Value) -> Value {
        json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    }
}

/// Starts a server with its home in a folder.
pub(crate) fn serve(program: &Path, folder: &Path) -> Result<Server> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .args([
            "server",
            "--no-token",
            "--no-telemetry",
            "--host",
            "127.0.0.1",
        ])
        .args(["--port", &port.to_string()]);
    Server::start(&mut command, None, folder, port, "/v1/health")
}

impl Host for Peer {
    fn address(&self) -> &str {
        &self.server.address
    }

    fn key(&self) -> Option<&str> {
        None
    }

    fn pid(&self) -> u32 {
        self.server.pid()
    }

    fn create(&self, http: &mut Http) -> Result<String> {
        let name = format!("b{}", self.made.fetch_add(1, Ordering::Relaxed));
        let params = json!({"protocolVersion": 1, "clientCapabilities": {}});
        let begin = Self::call("initialize", &params);
        let path = format!("/v1/acp/{name}?agent=mock");
        http.ask("POST", &path, Some(&begin))?;
        let new = Self::call("session/new", &json!({"cwd": "/", "mcpServers": []}));
        http.ask("POST", &format!("/v1/acp/{name}"), Some(&new))?;
        Ok(name)
    }

    fn prompt(&self, session: &str, script: &str) -> (String, String) {
        let text = json!([{"type": "text", "text": format!("bench {script}")}]);
        let params = json!({"sessionId": "bench-1", "prompt": text});
        let body = Self::call("session/prompt", &params);
        (format!("/v1/acp/{session}"), body.to_string())
    }

    fn events(&self, session: &str) -> String {
        format!("/v1/acp/{session}")
    }

    fn mark(&self) -> &'static str {
        "agent_message_chunk"
    }
}
