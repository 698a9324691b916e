//! The demo's two repositories: a knowledge base and a project, bare, with a history, as a team would have them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::story;
use crate::commands::run::Pushed;
use crate::config::Environment;
use crate::error::CliError;
use crate::output::table;

/// A bare repository on this machine.
pub(crate) struct Bare(PathBuf);

impl Bare {
    /// Where sessions reach it.
    pub(crate) fn url(&self) -> String {
        let path = self.0.display().to_string();
        // The folder is anybody's choice; a URL has neither blanks nor percent signs of its own.
        format!("file://{}", path.replace('%', "%25").replace(' ', "%20"))
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
            knowledge_base: make(folder, "knowledge-base", &story::KNOWLEDGE_BASE, env).await?,
            project: make(folder, "project", &story::PROJECT, env).await?,
        })
    }

    /// Shows what a session's end pushed: the commits, and the change.
    pub(crate) async fn show(&self, pushed: &Pushed, env: &Environment) -> Result<(), CliError> {
        let both = [&self.knowledge_base, &self.project];
        let Some(bare) = both
            .into_iter()
            .find(|it| Some(it.url()) == pushed.repository)
        else {
            return Ok(());
        };
        let (folder, branch) = (bare.0.as_path(), pushed.branch.as_str());
        let range = format!("main..{branch}");
        let name = folder.file_stem().unwrap_or_default().to_string_lossy();
        table::line(format!("▸ branch {branch} of the {name}:"));
        let log = git(folder, &["log", "--format=  %h %an: %s", &range], env).await?;
        table::line(if log.trim().is_empty() {
            "  nothing new: there was nothing to learn in this session"
        } else {
            log.trim_end()
        });
        let both = format!("main...{branch}");
        let diff = ["diff", "--numstat", "--no-renames", "-z", &both];
        let changed = git(folder, &diff, env).await?;
        for file in changed.split('\0').filter_map(text_file) {
            table::line(format!("▸ git show {branch}:{file}"));
            let content = git(folder, &["show", &format!("{branch}:{file}")], env).await?;
            for line in content.lines() {
                table::line(format!("  │ {}", table::plain(line)));
            }
        }
        Ok(())
    }
}

/// The file of a line of `git diff --numstat`, unless it has no lines.
fn text_file(line: &str) -> Option<&str> {
    let mut columns = line.splitn(3, '\t');
    let is_text = columns.next()? != "-";
    let file = columns.nth(1)?;
    is_text.then_some(file)
}

/// Says what to do where git is not there.
pub(crate) async fn check_git(env: &Environment) -> Result<(), CliError> {
    git(Path::new("/"), &["--version"], env).await.map(|_| ())
}

async fn make(
    folder: &Path,
    name: &str,
    history: &[story::Commit],
    env: &Environment,
) -> Result<Bare, CliError> {
    let bare = folder.join(format!("{name}.git"));
    let work = folder.join(format!("{name}.work"));
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
    Ok(Bare(bare))
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
                "install git 2.30 or newer",
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
