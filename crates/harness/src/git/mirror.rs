//! The harness's own bare directory of a repository: fetched once, from then on what a session's branch starts from.

use std::path::{Path, PathBuf};

use super::clean::Clean;
use super::url::{self, Remote};
use super::{BASE, Context, GitError, Repo, remote};

/// Fetches the repository unless that was done; returns the base branch's tip, or none when the repository is empty.
pub(super) async fn ensure(repo: &Repo, ctx: &Context<'_>) -> Result<Option<String>, GitError> {
    if !repo.clean.exists() {
        let remote = url::check(&repo.url, ctx)?;
        let half_done = beside(&repo.clean, "new");
        remove(&half_done)?;
        init(ctx, &half_done).await?;
        fetch(repo, ctx, &remote, &half_done).await?;
        std::fs::rename(&half_done, &repo.clean)
            .map_err(GitError::file("put a repository in its place"))?;
    }
    base(repo, ctx).await
}

/// The tip that the base branch had when the session began; none when the repository was empty.
pub(super) async fn base(repo: &Repo, ctx: &Context<'_>) -> Result<Option<String>, GitError> {
    Clean::bare(ctx, &repo.clean).commit(BASE).await
}

/// A folder beside a path, for what is not whole yet.
pub(super) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    path.with_file_name(name)
}

/// Removes what a crash left of the harness's own.
pub(super) fn remove(folder: &Path) -> Result<(), GitError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(GitError::file("remove a half-made repository")(error))
        }
        _ => Ok(()),
    }
}

/// Makes an empty bare directory.
pub(super) async fn init(ctx: &Context<'_>, folder: &Path) -> Result<(), GitError> {
    std::fs::create_dir_all(folder).map_err(GitError::file("make a folder for git"))?;
    let args = [
        "init",
        "--quiet",
        "--bare",
        "--template=",
        "--initial-branch=vwm",
        ".",
    ];
    Clean::empty(ctx, folder)
        .git("make a repository", &args)
        .text()
        .await
        .map(drop)
}

async fn fetch(
    repo: &Repo,
    ctx: &Context<'_>,
    remote: &Remote,
    folder: &Path,
) -> Result<(), GitError> {
    let clean = Clean::bare(ctx, folder);
    let all = [
        "+refs/heads/*:refs/remotes/origin/*",
        "+refs/tags/*:refs/tags/*",
    ];
    remote::fetch(&clean, remote, &all).await?;
    let there = branches(&clean).await?;
    if there.is_empty() {
        return Ok(());
    }
    if !there.contains(&repo.base) {
        return Err(GitError::NoBranch {
            url: url::shown(&repo.url),
            branch: repo.base.clone(),
            there,
        });
    }
    let tip = format!("refs/remotes/origin/{}", repo.base);
    match clean.commit(&tip).await? {
        Some(commit) => clean.name(BASE, &commit).await,
        None => Err(GitError::Failed {
            doing: format!("fetch {}", url::shown(&repo.url)),
            tail: format!("{} is not a commit", repo.base),
        }),
    }
}

async fn branches(clean: &Clean<'_>) -> Result<Vec<String>, GitError> {
    let list = clean
        .git(
            "list branches",
            &[
                "for-each-ref",
                "--format=%(refname:lstrip=3)",
                "refs/remotes/origin",
            ],
        )
        .text()
        .await?;
    Ok(list.lines().map(str::to_owned).collect())
}
