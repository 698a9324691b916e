//! The session's repositories. Outside the wall git never reads a configuration or a tree that the engine can write: what reads
//! those runs inside, and only the harness's own bare directories meet a remote.

mod acceptable;
mod archive;
mod branch;
mod clean;
mod collect;
mod error;
mod held;
mod inside;
mod known;
mod later;
mod learnings;
mod leftovers;
mod mirror;
mod nested;
mod patience;
mod prepare;
mod provenance;
mod push;
mod remote;
mod said;
mod secrets;
mod stray;
mod talk;
mod tree;
mod unpushed;
mod url;

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use vwm_api::harness::PROGRAMS;
use vwm_api::{RepositoryRole, SessionId, Unpushed};

use crate::process::Host;

pub use error::GitError;
pub(crate) use later::push_bundle;
pub use patience::Patience;

/// What is known of the base branch's tip: it is written once, when the repository was first fetched.
const BASE: &str = "refs/vwm/base";
/// What is pushed.
const OUT: &str = "refs/vwm/out";
/// What came out of the engine's tree, before it is checked.
const IN: &str = "refs/vwm/in";
/// What came out of it beside the session's branch.
const STRAY: &str = "refs/vwm/stray";
/// In the engine's tree: what was not committed.
const LEFTOVERS: &str = "refs/vwm/leftovers";
/// What was taken out of a folder that does not fit into the branch.
const KEPT: &str = "refs/vwm/kept";
/// Who commits what nobody committed.
const EMAIL: &str = "vwm@localhost";

/// One repository of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    /// What it is.
    pub role: RepositoryRole,
    /// Where it is.
    pub url: String,
    /// The branch that the session's own one starts from.
    pub base: String,
    /// The session's own branch.
    pub branch: String,
    /// The working tree: `kb/` or `workspace/session_repo`.
    pub tree: PathBuf,
    /// The harness's bare directory: `state/git/….git`.
    pub clean: PathBuf,
}

/// What the work on a repository needs to know of the session.
pub struct Context<'a> {
    /// The session.
    pub session: SessionId,
    /// The worker's name: the author of what nobody committed.
    pub worker_name: String,
    /// Whether repositories may be `file` and plain `http`.
    pub local_repositories: bool,
    /// The sessions' volumes: below it everything may be an engine's, so no remote is there.
    pub volumes: PathBuf,
    /// Whether the session's branch may be left out when its base holds all of it.
    pub auto_delete: bool,
    /// Runs things inside the wall.
    pub host: &'a Host,
    /// How long git may take there.
    pub patience: Patience,
    /// The harness's own folder.
    pub state: PathBuf,
    /// The session's TMPDIR, writable inside the wall.
    pub tmp: PathBuf,
    /// The `HOME` of what runs inside the wall.
    pub home: PathBuf,
    /// Where the files go that outlive the volume; a name that begins with a dot is not whole yet.
    pub collected: PathBuf,
    /// What must not leave the session.
    pub secrets: Vec<Vec<u8>>,
    /// The server's `SSH_AUTH_SOCK`, for ssh outside the wall only.
    pub ssh_auth_sock: Option<OsString>,
}

/// Something that a person may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The file of the repository that it is about, where it is about one.
    pub about: Option<String>,
}

/// What a file that outlives the volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptKind {
    /// Commits.
    Bundle,
    /// Files.
    Archive,
}

/// A file in `state/collected/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// What it is.
    pub kind: KeptKind,
    /// Unique in the session.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What was collected of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// What will be pushed; none in an empty repository where nothing was committed.
    pub head: Option<String>,
    /// How many commits it has that the base branch had not.
    pub commits_ahead: u64,
    /// What was done that nobody asked for.
    pub notices: Vec<Notice>,
    /// What does not fit into the branch.
    pub files: Vec<Kept>,
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The remote branch's tip now; none when there is no remote branch.
    pub sha: Option<String>,
    /// What was done, in a sentence.
    pub detail: String,
}

/// An address as it may be shown: without password, and for the web without user.
#[must_use]
pub fn masked(url: &str) -> String {
    url::shown(url)
}

impl KeptKind {
    /// The kind's name in the protocol.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Archive => "archive",
        }
    }
}

impl Repo {
    /// Makes the bare directory and the working tree on its branch. Asking again changes nothing; a tree that left its branch is
    /// put back.
    pub async fn prepare(&self, ctx: &Context<'_>) -> Result<Vec<Notice>, GitError> {
        prepare::prepare(self, ctx).await
    }

    /// Whether the working tree was ever made: before that, there is nothing that could be collected.
    #[must_use]
    pub fn was_made(&self) -> bool {
        prepare::mark(self).exists()
    }

    /// Brings everything that the engine made into the bare directory. The engine must not run. Asking again changes nothing.
    pub async fn collect(&self, ctx: &Context<'_>) -> Result<Gathered, GitError> {
        match self.role {
            RepositoryRole::KnowledgeBase => learnings::collect(self, ctx).await,
            RepositoryRole::SessionRepository => collect::collect(self, ctx).await,
        }
    }

    /// Pushes what was collected to the session's branch and nothing else. Asking again changes nothing.
    pub async fn push(&self, ctx: &Context<'_>) -> Result<Pushed, GitError> {
        let pushed = push::push(self, ctx).await?;
        unpushed::forget(self, ctx)?;
        Ok(pushed)
    }

    /// Keeps the session's branch as a bundle in the folder of what outlives the volume, because the remote does not have it; none
    /// where there is no commit that its base has not. Asking again changes nothing.
    pub async fn keep_unpushed(
        &self,
        ctx: &Context<'_>,
        reason: &str,
    ) -> Result<Option<Unpushed>, GitError> {
        unpushed::keep(self, ctx, reason).await
    }

    /// Keeps the files of a tree that cannot be collected, and its commits where they can be read.
    pub async fn keep_tree(&self, ctx: &Context<'_>) -> Result<Vec<Notice>, GitError> {
        stray::keep_tree(self, ctx).await
    }

    /// What the session made of a file, by its path in the repository, and the commit that it is in; none where that is nothing, or
    /// not collected.
    pub async fn committed_file(
        &self,
        ctx: &Context<'_>,
        path: &str,
    ) -> Result<Option<(String, String)>, GitError> {
        known::committed_file(self, ctx, path).await
    }

    /// The files in which what was collected differs from the base, by their paths in the repository.
    pub async fn committed_files(&self, ctx: &Context<'_>) -> Result<Vec<String>, GitError> {
        known::committed_files(self, ctx).await
    }

    /// The paths of the base branch's learnings, newest first; the README is none.
    pub async fn newest_learnings(
        &self,
        ctx: &Context<'_>,
        most: usize,
    ) -> Result<Vec<String>, GitError> {
        known::newest_learnings(self, ctx, most).await
    }

    /// Which of the session's repositories it is, for people.
    fn what(&self) -> &'static str {
        match self.role {
            RepositoryRole::KnowledgeBase => "knowledge_base",
            RepositoryRole::SessionRepository => "session",
        }
    }

    fn branch_ref(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

impl Notice {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            about: None,
        }
    }
}

impl Context<'_> {
    fn git_folder(&self) -> PathBuf {
        self.state.join("git")
    }

    fn git_program(&self) -> Result<PathBuf, GitError> {
        PROGRAMS
            .split(':')
            .map(|folder| Path::new(folder).join("git"))
            .find(|file| is_program(file))
            .ok_or_else(|| GitError::Start {
                source: std::io::ErrorKind::NotFound.into(),
            })
    }

    /// A text of git's, fit to be shown.
    fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if let Ok(secret) = std::str::from_utf8(secret)
                && !secret.is_empty()
            {
                text = text.replace(secret, "***");
            }
        }
        text
    }

    /// Who commits what nobody committed.
    fn identity(&self) -> [(String, String); 4] {
        // Git refuses a name of nothing but punctuation, and takes these characters out of one.
        let name: String = self
            .worker_name
            .chars()
            .filter(|c| !matches!(c, '<' | '>' | '\n' | '\0'))
            .collect();
        let name = if name.chars().any(char::is_alphanumeric) {
            name
        } else {
            "VWM".to_owned()
        };
        [
            ("GIT_AUTHOR_NAME".to_owned(), name),
            ("GIT_AUTHOR_EMAIL".to_owned(), EMAIL.to_owned()),
            ("GIT_COMMITTER_NAME".to_owned(), "VWM".to_owned()),
            ("GIT_COMMITTER_EMAIL".to_owned(), EMAIL.to_owned()),
        ]
    }
}

fn is_program(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
