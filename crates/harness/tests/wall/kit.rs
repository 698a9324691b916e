//! A session's folders, and shell scripts that run in its wall.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use vwm_harness::process::{Host, Launch, Limits, Output};
use vwm_harness::supervisor::{Confinement, Policy, SessionPaths};

/// More than anything here takes on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
pub(crate) const LIMITS: Limits = Limits {
    deadline: SOON,
    max_output: 1 << 20,
};

pub(crate) struct Session {
    pub(crate) folder: TempDir,
    pub(crate) host: Host,
}

impl Session {
    /// Folders as the harness makes them, and beside them a secret and a knowledge base.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["workspace", "home", "tmp", "state", "kb", "kb/learnings"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        fs::write(folder.path().join("kb/COMPANY.md"), "rules").expect("a knowledge base");
        let secret = folder.path().join("secret");
        fs::write(&secret, "the key").expect("a secret");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("a mode");
        let host = host(folder.path());
        Self { folder, host }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn shell(&self, script: &str) -> Launch {
        shell(self.folder.path(), script)
    }

    pub(crate) async fn run(&self, script: &str) -> Output {
        let launch = self.shell(script);
        self.host
            .run(&launch, None, LIMITS)
            .await
            .expect("a shell starts")
    }
}

pub(crate) fn host(folder: &Path) -> Host {
    Host {
        exe: env!("CARGO_BIN_EXE_vwm-harness").into(),
        lock: folder.join("state/engines"),
        confinement: Confinement::Landlock(Policy::for_session(&SessionPaths {
            workspace: folder.join("workspace"),
            home: folder.join("home"),
            tmp: folder.join("tmp"),
            knowledge_base: Some(folder.join("kb")),
            ..SessionPaths::default()
        })),
    }
}

/// `$S` is the folder that holds the session's folders.
pub(crate) fn shell(folder: &Path, script: &str) -> Launch {
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    Launch {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: BTreeMap::from([
            ("PATH".into(), PATH.into()),
            ("HOME".into(), text(&folder.join("home"))),
            ("TMPDIR".into(), text(&folder.join("tmp"))),
            ("LC_ALL".into(), "C".into()),
            ("S".into(), text(folder)),
        ]),
        cwd: folder.join("workspace"),
    }
}

/// Where a program is, if it is on the path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    PATH.split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
}

/// The next line of a program's output.
pub(crate) async fn line(output: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    tokio::time::timeout(SOON, output.read_line(&mut line))
        .await
        .expect("the line comes soon")
        .expect("the output can be read");
    line.trim_end().to_owned()
}
