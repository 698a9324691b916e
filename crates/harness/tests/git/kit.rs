//! A session's folders, its remotes, and an agent: shell scripts in the session's wall.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use vwm_api::harness::{PushAnswer, PushOrder};
use vwm_api::{RepositoryRole, SessionId, Unpushed};
use vwm_harness::git::{Context, Gathered, GitError, Notice, Patience, Pushed, Repo};
use vwm_harness::process::{Host, Launch, Limits};
use vwm_harness::supervisor::{Confinement, Policy, SessionPaths};

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A remote with two commits on `main` and a tag.
pub(crate) const TWO_COMMITS: &str = "
    git init -q -b main seed && cd seed
    echo one > a.txt && printf '*.log\n' > .gitignore && git add . && git commit -q -m one && git tag v1
    mkdir dir && echo two > dir/b.txt && git add . && git commit -q -m two
    git push -q ../remote.git main v1
";

/// One session with one repository.
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
    host: Host,
    pub(crate) repo: Repo,
    pub(crate) secrets: Vec<Vec<u8>>,
    pub(crate) auto_delete: bool,
    pub(crate) patience: Duration,
    pub(crate) session: SessionId,
}

impl Lab {
    /// A session repository behind Landlock.
    pub(crate) fn new(seed: &str) -> Self {
        Self::with(seed, RepositoryRole::SessionRepository, true)
    }

    pub(crate) fn with(seed: &str, role: RepositoryRole, walled: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().to_owned();
        for name in [
            "s",
            "s/workspace",
            "s/home",
            "s/tmp",
            "s/state",
            "s/kb",
            "s/kb/learnings",
            "outside",
        ] {
            fs::create_dir(root.join(name)).expect("a folder");
        }
        sh(
            &root,
            &format!("git init -q --bare -b main remote.git\n{seed}"),
        );
        let volume = root.join("s");
        let confinement = if walled {
            Confinement::Landlock(Policy::for_session(&SessionPaths {
                workspace: volume.join("workspace"),
                home: volume.join("home"),
                tmp: volume.join("tmp"),
                knowledge_base: Some(volume.join("kb")),
                ..SessionPaths::default()
            }))
        } else {
            Confinement::None
        };
        let session = SessionId::new();
        let (branch, tree, clean) = match role {
            RepositoryRole::SessionRepository => (
                format!("session-{session}"),
                "workspace/session_repo",
                "session.git",
            ),
            RepositoryRole::KnowledgeBase => (
                format!("ff-vwm/worker-{session}"),
                "kb",
                "knowledge_base.git",
            ),
        };
        Self {
            host: Host {
                exe: env!("CARGO_BIN_EXE_vwm-harness").into(),
                lock: volume.join("state/engines.lock"),
                confinement,
            },
            repo: Repo {
                role,
                url: format!("file://{}", root.join("remote.git").display()),
                base: "main".into(),
                branch,
                tree: volume.join(tree),
                clean: volume.join("state/git").join(clean),
            },
            secrets: vec![b"sk-test-door".to_vec()],
            auto_delete: false,
            patience: Duration::from_secs(300),
            session,
            folder,
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        let volume = self.folder.path().join("s");
        Context {
            session: self.session,
            worker_name: "bob".into(),
            local_repositories: true,
            volumes: volume.clone(),
            auto_delete: self.auto_delete,
            host: &self.host,
            patience: Patience::new(self.patience),
            state: volume.join("state"),
            tmp: volume.join("tmp"),
            home: volume.join("home"),
            collected: volume.join("state/collected"),
            secrets: self.secrets.clone(),
            ssh_auth_sock: None,
        }
    }

    pub(crate) async fn prepare(&self) -> Vec<Notice> {
        self.repo.prepare(&self.context()).await.expect("prepares")
    }

    pub(crate) async fn refused(&self) -> GitError {
        self.repo
            .prepare(&self.context())
            .await
            .expect_err("does not prepare")
    }

    pub(crate) async fn collect(&self) -> Gathered {
        self.repo.collect(&self.context()).await.expect("collects")
    }

    pub(crate) async fn push(&self) -> Pushed {
        self.repo.push(&self.context()).await.expect("pushes")
    }

    /// Why the remote does not take the branch.
    pub(crate) async fn not_pushed(&self) -> GitError {
        let pushed = self.repo.push(&self.context()).await;
        pushed.expect_err("does not push")
    }

    pub(crate) async fn keep(&self) -> Option<Unpushed> {
        let kept = self.repo.keep_unpushed(&self.context(), "away").await;
        kept.expect("keeps")
    }

    /// The order to push what was kept.
    pub(crate) fn order(&self, unpushed: &Unpushed) -> PushOrder {
        let text = |name: &str| self.path(name).to_str().expect("UTF-8").to_owned();
        fs::create_dir_all(self.path("scratch")).expect("a folder");
        PushOrder {
            session: self.session,
            repository: unpushed.repository,
            url: self.repo.url.clone(),
            base: self.repo.base.clone(),
            branch: unpushed.branch.clone(),
            sha: unpushed.sha.clone(),
            bundle: text(&format!("s/state/collected/{}", unpushed.bundle)),
            scratch: text("scratch"),
            volumes: text("s"),
            local_repositories: true,
        }
    }

    /// Runs a script as the agent does, in the session's repository; returns whether it went well, and what it printed.
    pub(crate) async fn agent(&self, script: &str) -> (bool, String) {
        let volume = self.folder.path().join("s");
        let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let launch = Launch {
            program: "/bin/sh".into(),
            args: vec!["-ec".into(), format!("exec 2>&1; {script}")],
            env: BTreeMap::from([
                ("PATH".into(), PATH.into()),
                ("HOME".into(), text(&volume.join("home"))),
                ("TMPDIR".into(), text(&volume.join("tmp"))),
                ("OUTSIDE".into(), text(&self.path("outside"))),
                ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
                ("LC_ALL".into(), "C".into()),
            ]),
            cwd: self.repo.tree.clone(),
        };
        let limits = Limits {
            deadline: Duration::from_secs(60),
            max_output: 1 << 20,
        };
        let done = self
            .host
            .run(&launch, None, limits)
            .await
            .expect("a shell starts");
        (
            done.exit.code == Some(0),
            String::from_utf8_lossy(&done.stdout).into_owned(),
        )
    }

    /// The agent does what it can do.
    pub(crate) async fn does(&self, script: &str) {
        let (went_well, said) = self.agent(script).await;
        assert!(went_well, "{script}: {said}");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a script prints that looks at the remotes from outside.
    pub(crate) fn sh(&self, script: &str) -> String {
        sh(self.folder.path(), script)
    }

    /// The remote's branches and their tips.
    pub(crate) fn remote(&self) -> BTreeMap<String, String> {
        self.sh("git --git-dir=remote.git for-each-ref --format='%(refname:lstrip=2) %(objectname)' refs/heads")
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, tip)| (name.to_owned(), tip.to_owned()))
            .collect()
    }

    /// The files of the session's branch at the remote.
    pub(crate) fn pushed_files(&self) -> String {
        self.sh(&format!(
            "git --git-dir=remote.git ls-tree -r --name-only {}",
            self.repo.branch
        ))
    }
}

/// Starts the program that pushes from a bundle.
pub(crate) fn start_push(order: &PushOrder) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_vwm-harness"))
        .arg("push-bundle")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = program.stdin.take().expect("stdin is piped");
    let line = serde_json::to_string(order).expect("serializes");
    writeln!(stdin, "{line}").expect("it reads");
    program
}

/// Runs the program that pushes from a bundle; what it printed is one answer, and what it needed of the disk is gone.
pub(crate) fn push_later(order: &PushOrder) -> PushAnswer {
    let done = start_push(order).wait_with_output().expect("it ends");
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{complaint}");
    let left: Vec<_> = fs::read_dir(&order.scratch).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
    serde_json::from_slice(&done.stdout).expect("one line of JSON")
}

pub(crate) fn codes(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.code).collect()
}

/// Every file of an object database has one name in the world.
pub(crate) fn assert_unshared(folder: &Path) {
    let mut files = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let about = path.symlink_metadata().expect("is there");
            if about.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert_eq!(about.nlink(), 1, "{}", path.display());
            }
        }
    }
    assert!(files > 0, "{} holds objects", folder.display());
    assert!(!folder.join("info/alternates").exists());
}

pub(crate) fn sh(folder: &Path, script: &str) -> String {
    let done = Command::new("/bin/sh")
        .args(["-ec", script])
        .current_dir(folder)
        .env_clear()
        .envs([
            ("PATH", PATH),
            ("HOME", "/nonexistent"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ann"),
            ("GIT_AUTHOR_EMAIL", "ann@example.org"),
            ("GIT_COMMITTER_NAME", "Ann"),
            ("GIT_COMMITTER_EMAIL", "ann@example.org"),
            ("LC_ALL", "C"),
        ])
        .output()
        .expect("a shell starts");
    assert!(
        done.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
}
