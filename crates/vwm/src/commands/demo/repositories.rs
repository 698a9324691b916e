//! The demo's two repositories: a knowledge base and a project, bare, with a history, as a team would have them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::{page, story};
use crate::commands::doctor::programs;
use crate::commands::run::Pushed;
use crate::config::Environment;
use crate::error::CliError;

const INSTALL_GIT: &str = "install git 2.34 or newer";

/// A bare repository on this machine.
pub(crate) struct Bare {
    name: &'static str,
    folder: PathBuf,
}

impl Bare {
    /// Where sessions reach it.
    pub(crate) fn url(&self) -> String {
        let path = self.folder.display().to_string();
        // The folder is anybody's choice; a URL has neither blanks nor percent signs of its own.
        format!("file://{}", path.replace('%', "%25").replace(' ', "%20"))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// What it is called in the story.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What a branch brings.
    pub(crate) async fn brought(
        &self,
        branch: &str,
        env: &Environment,
    ) -> Result<Brought, CliError> {
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        let range = format!("main..{branch}");
        let log = ["log", "--format=%h %an: %s", &range];
        let range = format!("main...{branch}");
        let stat = ["diff", "--stat=80", "--no-renames", &range];
        let files = ["diff", "--numstat", "--no-renames", "-z", &range];
        let files = git(&self.folder, &files, env).await?;
        Ok(Brought {
            commits: lines(git(&self.folder, &log, env).await?),
            stat: lines(git(&self.folder, &stat, env).await?),
            files: files.split('\0').filter_map(text_file).collect(),
        })
    }

    /// A file as a branch has it.
    pub(crate) async fn file(
        &self,
        branch: &str,
        path: &str,
        env: &Environment,
    ) -> Result<String, CliError> {
        git(&self.folder, &["show", &format!("{branch}:{path}")], env).await
    }

    /// Brings a branch into the base branch with the command that a person would type, which is shown; returns the newest commit.
    pub(crate) async fn merge(&self, branch: &str, env: &Environment) -> Result<String, CliError> {
        let folder = self.folder.display().to_string();
        // A push from a repository into itself moves the branch forward, or refuses.
        let what = format!("{branch}:main");
        page::command(&["git", "-C", &folder, "push", ".", &what]);
        git(
            Path::new("/"),
            &["-C", &folder, "push", "--quiet", ".", &what],
            env,
        )
        .await?;
        let log = ["log", "-1", "--format=%h %an: %s", "main"];
        Ok(git(&self.folder, &log, env).await?.trim().to_owned())
    }
}

/// Both of them.
pub(crate) struct Repositories {
    /// What bob knows.
    pub(crate) knowledge_base: Bare,
    /// What he works on.
    pub(crate) project: Bare,
}

impl Repositories {
    /// Makes them below a folder.
    pub(crate) async fn make(folder: &Path, env: &Environment) -> Result<Self, CliError> {
        Ok(Self {
            knowledge_base: make(folder, "knowledge base", &story::KNOWLEDGE_BASE, env).await?,
            project: make(folder, "project", &story::PROJECT, env).await?,
        })
    }

    /// The one that a session's end pushed to.
    pub(crate) fn of(&self, pushed: &Pushed) -> Option<&Bare> {
        let both = [&self.knowledge_base, &self.project];
        let is_it = |bare: &&Bare| Some(bare.url()) == pushed.repository;
        both.into_iter().find(is_it)
    }
}

/// What a branch has that the base branch has not.
pub(crate) struct Brought {
    /// Its commits, a line each, newest first.
    pub(crate) commits: Vec<String>,
    /// What `git diff --stat` says.
    pub(crate) stat: Vec<String>,
    /// The files that have lines.
    pub(crate) files: Vec<String>,
}

/// The file of a line of `git diff --numstat`, unless it has no lines.
fn text_file(line: &str) -> Option<String> {
    let mut columns = line.splitn(3, '\t');
    let is_text = columns.next()? != "-";
    let file = columns.nth(1)?;
    is_text.then(|| file.to_owned())
}

/// Says what to do where git is not there, or too old.
pub(crate) async fn check_git(env: &Environment) -> Result<(), CliError> {
    let said = git(Path::new("/"), &["--version"], env).await?;
    let said = said.trim();
    match programs::git_version(said) {
        Some(version) if version < programs::NEEDED => Err(CliError::failed(
            format!("the git on PATH is too old: {said}"),
            INSTALL_GIT,
        )),
        // What it is called does not matter, as long as it works.
        Some(_) | None => Ok(()),
    }
}

async fn make(
    folder: &Path,
    name: &'static str,
    history: &[story::Commit],
    env: &Environment,
) -> Result<Bare, CliError> {
    let place = name.replace(' ', "-");
    let bare = folder.join(format!("{place}.git"));
    let work = folder.join(format!("{place}.work"));
    let failed = || format!("cannot write the demo's {name}");
    std::fs::create_dir_all(&work).map_err(CliError::system(failed()))?;
    let bare_name = bare.display().to_string();
    git(
        folder,
        &[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            &bare_name,
        ],
        env,
    )
    .await?;
    git(&work, &["init", "--quiet", "--initial-branch=main"], env).await?;
    for commit in history {
        for (path, content) in commit.files {
            let path = work.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(&work))
                .and_then(|()| std::fs::write(&path, content))
                .map_err(CliError::system(failed()))?;
        }
        git(&work, &["add", "--all"], env).await?;
        git(
            &work,
            &["commit", "--quiet", "--message", commit.message],
            env,
        )
        .await?;
    }
    git(&work, &["push", "--quiet", &bare_name, "main"], env).await?;
    std::fs::remove_dir_all(&work).map_err(CliError::system(failed()))?;
    Ok(Bare { name, folder: bare })
}

/// Runs git with nothing of anybody's configuration, and returns what it says.
async fn git(folder: &Path, args: &[&str], env: &Environment) -> Result<String, CliError> {
    let said = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", &env.path)
        .env("HOME", folder)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ann")
        .env("GIT_AUTHOR_EMAIL", "ann@example.com")
        .env("GIT_COMMITTER_NAME", "Ann")
        .env("GIT_COMMITTER_EMAIL", "ann@example.com")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let said = said.map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            return CliError::failed(
                "git is not installed, and sessions work on git repositories",
                INSTALL_GIT,
            );
        }
        CliError::system("cannot start git")(source)
    })?;
    if said.status.success() {
        return Ok(String::from_utf8_lossy(&said.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&said.stderr);
    Err(CliError::Failed {
        message: format!("git {} failed: {}", args.join(" "), complaint.trim()),
        hint: None,
    })
}
