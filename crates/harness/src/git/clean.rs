//! Git outside the wall: on the harness's own folders only, with an environment that nobody else had a hand in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::held::{Credential, Group};
use super::talk::talk;
use super::url::Remote;
use vwm_api::harness::PROGRAMS;

use super::{Context, GitError, said, url};
use crate::process::{Host, Launch, Process};
use crate::supervisor::Confinement;

/// How long work on the machine itself may take.
const LOCAL: Duration = Duration::from_secs(300);
/// How long a remote may take.
const REMOTE: Duration = Duration::from_secs(1800);

/// Brings the commits that are named behind it and nothing beside them.
pub(super) const FETCH: [&str; 6] = [
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--refmap=",
];

/// Settings that go before every configuration file.
pub(super) const SETTINGS: [(&str, &str); 11] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.askPass", ""),
    ("credential.helper", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
];

/// Whom a call may talk to.
#[derive(Clone, Copy)]
pub(super) enum Meets<'a> {
    /// Nobody.
    Nobody,
    /// A folder of this machine.
    Disk,
    /// The repository's remote.
    Remote(&'a Remote),
}

/// A folder in which git may run outside the wall.
pub(super) struct Clean<'a> {
    ctx: &'a Context<'a>,
    folder: PathBuf,
    git_dir: Option<PathBuf>,
}

/// One call of git.
pub(super) struct Call<'a> {
    clean: &'a Clean<'a>,
    doing: String,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    input: Vec<u8>,
    meets: Meets<'a>,
}

/// How a call ended.
pub(super) struct Done {
    /// The exit code; none when a signal ended it.
    pub(super) code: Option<i32>,
    /// What it printed.
    pub(super) out: Vec<u8>,
    /// The tail of what it complained about.
    pub(super) complaint: String,
}

impl<'a> Clean<'a> {
    /// The harness's own bare directory.
    pub(super) fn bare(ctx: &'a Context<'a>, folder: &Path) -> Self {
        Self {
            ctx,
            folder: folder.to_owned(),
            git_dir: Some(folder.to_owned()),
        }
    }

    /// A working tree in which nothing but the harness ever wrote.
    pub(super) fn tree(ctx: &'a Context<'a>, folder: &Path) -> Self {
        Self {
            ctx,
            folder: folder.to_owned(),
            git_dir: Some(folder.join(".git")),
        }
    }

    /// A folder that is to become a repository.
    pub(super) fn empty(ctx: &'a Context<'a>, folder: &Path) -> Self {
        Self {
            ctx,
            folder: folder.to_owned(),
            git_dir: None,
        }
    }

    /// A call of git; `doing` completes "cannot …".
    pub(super) fn git<S: AsRef<str>>(&self, doing: &str, args: &[S]) -> Call<'_> {
        Call {
            clean: self,
            doing: doing.to_owned(),
            args: args.iter().map(|arg| arg.as_ref().into()).collect(),
            env: Vec::new(),
            input: Vec::new(),
            meets: Meets::Nobody,
        }
    }

    /// The commit that a name stands for.
    pub(super) async fn commit(&self, name: &str) -> Result<Option<String>, GitError> {
        let name = format!("{name}^{{commit}}");
        let done = self
            .git("look up a commit", &["rev-parse", "-q", "--verify", &name])
            .run()
            .await?;
        Ok((done.code == Some(0)).then(|| done.text()))
    }

    /// Whether all of one commit is in another.
    pub(super) async fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, GitError> {
        self.git(
            "compare commits",
            &["merge-base", "--is-ancestor", older, newer],
        )
        .yes()
        .await
    }

    /// Makes a name stand for a commit.
    pub(super) async fn name(&self, name: &str, commit: &str) -> Result<(), GitError> {
        self.git("name a commit", &["update-ref", "--no-deref", name, commit])
            .text()
            .await
            .map(drop)
    }

    /// How many commits there are in what `git rev-list` is asked for.
    pub(super) async fn count(&self, of: &[&str]) -> Result<u64, GitError> {
        let args: Vec<&str> = ["rev-list", "--count"].iter().chain(of).copied().collect();
        let text = self.git("count commits", &args).text().await?;
        text.parse().map_err(|_| GitError::Failed {
            doing: "count commits".to_owned(),
            tail: text,
        })
    }

    /// A child that streams, for the one caller that must not hold all of it.
    pub(super) fn child<S: AsRef<str>>(&self, args: &[S]) -> Result<(Child, Group), GitError> {
        self.git("stream", args).spawn()
    }
}

impl<'a> Call<'a> {
    /// What it reads.
    pub(super) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// A variable of its environment.
    pub(super) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Whom it may talk to.
    pub(super) fn meets(mut self, meets: Meets<'a>) -> Self {
        self.meets = meets;
        self
    }

    /// Runs it and returns how it ended.
    pub(super) async fn run(self) -> Result<Done, GitError> {
        let (deadline, talked) = match self.meets {
            Meets::Remote(remote) => {
                let credential = Credential::write(&self.clean.folder, remote)?;
                let mut git = self.watched(credential.as_ref()).await?;
                let streams = (git.stdin(), git.stdout(), git.stderr());
                let ended = async { Ok(git.exited().await.code) };
                let talk = talk(&self.input, streams, ended);
                (REMOTE, tokio::time::timeout(REMOTE, talk).await)
            }
            Meets::Nobody | Meets::Disk => {
                let (mut git, group) = self.spawn()?;
                let streams = (
                    git.stdin.take().expect("stdin is piped"),
                    git.stdout.take().expect("stdout is piped"),
                    git.stderr.take().expect("stderr is piped"),
                );
                let ended = async { git.wait().await.map(|status| status.code()) };
                let talk = talk(&self.input, streams, ended);
                let talked = tokio::time::timeout(LOCAL, talk).await;
                if let Ok((_, _, Ok(_))) = &talked {
                    group.release();
                }
                (LOCAL, talked)
            }
        };
        let Ok((out, complaint, code)) = talked else {
            return Err(GitError::TimedOut {
                doing: self.doing,
                seconds: deadline.as_secs(),
            });
        };
        let code = code.map_err(GitError::file(format!("{} with git", self.doing)))?;
        let out = out.map_err(GitError::file(format!(
            "read git's answer to {}",
            self.doing
        )))?;
        Ok(Done {
            code,
            out,
            complaint: self.clean.ctx.without_secrets(&complaint),
        })
    }

    /// Runs it and returns what it printed, without the last line end.
    pub(super) async fn text(self) -> Result<String, GitError> {
        self.bytes()
            .await
            .map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// Runs it and returns what it printed.
    pub(super) async fn bytes(self) -> Result<Vec<u8>, GitError> {
        let (meets, doing) = (self.meets, self.doing.clone());
        let done = self.run().await?;
        if done.code == Some(0) {
            return Ok(done.out);
        }
        Err(match meets {
            Meets::Remote(remote) => said::of_remote(&remote.url, &doing, &done.complaint),
            Meets::Nobody | Meets::Disk => GitError::Failed {
                doing,
                tail: url::mask(&done.complaint),
            },
        })
    }

    /// Runs it and returns whether it said yes (0) or no (1).
    pub(super) async fn yes(self) -> Result<bool, GitError> {
        let doing = self.doing.clone();
        let done = self.run().await?;
        match done.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(GitError::Failed {
                doing,
                tail: url::mask(&done.complaint),
            }),
        }
    }

    fn spawn(&self) -> Result<(Child, Group), GitError> {
        let child = Command::new(self.clean.ctx.git_program()?)
            .args(&self.args)
            .current_dir(&self.clean.folder)
            .env_clear()
            .envs(self.environment(None))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| GitError::Start { source })?;
        let group = Group::of(&child);
        Ok((child, group))
    }

    /// Starts it under a supervisor: a remote may never answer, and a git that waits for it must not outlive the harness.
    async fn watched(&self, credential: Option<&Credential>) -> Result<Process, GitError> {
        let ctx = self.clean.ctx;
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        let env = self.environment(credential);
        let launch = Launch {
            program: ctx.git_program()?,
            args: self.args.iter().map(text).collect(),
            env: env
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            cwd: self.clean.folder.clone(),
        };
        let host = Host {
            confinement: Confinement::Ours,
            ..ctx.host.clone()
        };
        let started = host.start(&launch).await;
        started.map_err(|error| GitError::Start {
            source: std::io::Error::other(error),
        })
    }

    fn environment(&self, credential: Option<&Credential>) -> Vec<(String, OsString)> {
        let ctx = self.clean.ctx;
        let mut env: Vec<(String, OsString)> = plain_environment()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let mut set = |name: &str, value: OsString| env.push((name.to_owned(), value));
        set("PATH", PROGRAMS.into());
        set("HOME", ctx.git_folder().into());
        set("GIT_ALLOW_PROTOCOL", self.protocols().into());
        set(
            "GIT_SSH_COMMAND",
            "ssh -o BatchMode=yes -o ConnectTimeout=20".into(),
        );
        set("GIT_SSH_VARIANT", "ssh".into());
        if let Some(at) = &ctx.ssh_auth_sock {
            set("SSH_AUTH_SOCK", at.clone());
        }
        if let Some(git_dir) = &self.clean.git_dir {
            set("GIT_DIR", git_dir.into());
        }
        let helper = credential.map(Credential::helper);
        let settings = SETTINGS
            .iter()
            .copied()
            .chain(helper.iter().map(|it| ("credential.helper", it.as_str())));
        for (name, value) in settings_environment(settings) {
            set(&name, value.into());
        }
        for (name, value) in &self.env {
            set(name, value.clone());
        }
        env
    }

    fn protocols(&self) -> &'static str {
        match self.meets {
            // No protocol has this name.
            Meets::Nobody => "none",
            Meets::Disk => "file",
            Meets::Remote(_) if self.clean.ctx.local_repositories => "https:ssh:http:file",
            Meets::Remote(_) => "https:ssh",
        }
    }
}

impl Done {
    /// What it printed, without the last line end.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).trim_end().to_owned()
    }
}

/// The environment that every git gets, also inside the wall: no configuration but the repository's own, no questions.
pub(super) fn plain_environment() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", ""),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_ADVICE", "0"),
        ("LC_ALL", "C"),
    ]
    .into_iter()
}

/// Settings as the variables in which git takes them.
pub(super) fn settings_environment<'s>(
    settings: impl Iterator<Item = (&'s str, &'s str)>,
) -> Vec<(String, String)> {
    let mut env = Vec::new();
    let mut count = 0;
    for (key, value) in settings {
        env.push((format!("GIT_CONFIG_KEY_{count}"), key.to_owned()));
        env.push((format!("GIT_CONFIG_VALUE_{count}"), value.to_owned()));
        count += 1;
    }
    env.push(("GIT_CONFIG_COUNT".to_owned(), count.to_string()));
    env
}
