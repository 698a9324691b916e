//! A branch that its session's end could not push, pushed later: its bundle meets the commits that it stands on in a bare directory
//! of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use vwm_api::harness::PushOrder;

use super::clean::{Clean, FETCH, Meets};
use super::url::{self, Remote};
use super::{Context, GitError, OUT, Patience, Repo, mirror, push, remote};
use crate::process::Host;

/// More than any bundle of ours says before its objects.
const MAX_HEADER: u64 = 1024 * 1024;

/// Pushes the branch that an order names; what it needs of the disk is gone afterwards.
pub(crate) async fn push_bundle(order: &PushOrder, host: &Host) -> Result<(), GitError> {
    let scratch = PathBuf::from(&order.scratch);
    let ctx = Context {
        session: order.session,
        worker_name: String::new(),
        local_repositories: order.local_repositories,
        volumes: PathBuf::from(&order.volumes),
        auto_delete: false,
        host,
        patience: Patience::default(),
        tmp: scratch.clone(),
        home: scratch.clone(),
        collected: scratch.clone(),
        state: scratch,
        secrets: Vec::new(),
        ssh_auth_sock: None,
    };
    let clean = ctx.git_folder().join("push.git");
    let repo = Repo {
        role: order.repository,
        url: order.url.clone(),
        base: order.base.clone(),
        branch: order.branch.clone(),
        tree: ctx.git_folder().join("no-tree"),
        clean,
    };
    let remote = url::check(&repo.url, &ctx)?;
    mirror::remove(&repo.clean)?;
    mirror::init(&ctx, &repo.clean).await?;
    let pushed = push(order, &repo, &Clean::bare(&ctx, &repo.clean), &remote).await;
    mirror::remove(&ctx.git_folder())?;
    pushed
}

async fn push(
    order: &PushOrder,
    repo: &Repo,
    clean: &Clean<'_>,
    remote: &Remote,
) -> Result<(), GitError> {
    let own = repo.branch_ref();
    let base = format!("refs/heads/{}", repo.base);
    let there = remote::tips(clean, remote, &[&own, &base]).await?;
    if there.get(&own) == Some(&order.sha) {
        return Ok(());
    }
    let doing = format!("read the bundle of {}", repo.branch);
    let bundle = std::path::absolute(&order.bundle).map_err(GitError::file(&doing))?;
    let needed = prerequisites(&bundle).map_err(GitError::file(&doing))?;
    let base = there.contains_key(&base).then_some(base.as_str());
    bring(repo, clean, remote, base, &needed).await?;

    let bundle = bundle.to_string_lossy();
    clean
        .git(&doing, &["bundle", "verify", "--quiet", &bundle])
        .text()
        .await?;
    let what = format!("+{own}:{OUT}");
    let args = [&FETCH[..], &["--", &bundle, &what]].concat();
    clean.git(&doing, &args).meets(Meets::Disk).text().await?;
    if clean.commit(OUT).await?.as_ref() != Some(&order.sha) {
        return Err(GitError::Failed {
            doing,
            tail: format!("{own} is not the commit {} in it", order.sha),
        });
    }
    push::to_branch(repo, clean, remote, &order.sha).await
}

/// Fetches the commits that a bundle stands on: with the base branch, with any branch, or by themselves.
async fn bring(
    repo: &Repo,
    clean: &Clean<'_>,
    remote: &Remote,
    base: Option<&str>,
    needed: &[String],
) -> Result<(), GitError> {
    let mut lacking = lacking(clean, needed).await?;
    if let Some(base) = base
        && !lacking.is_empty()
    {
        let what = format!("+{base}:refs/remotes/origin/{}", repo.base);
        remote::fetch(clean, remote, &[&what]).await?;
        lacking = self::lacking(clean, needed).await?;
    }
    if !lacking.is_empty() {
        remote::fetch(clean, remote, &["+refs/heads/*:refs/remotes/origin/*"]).await?;
        lacking = self::lacking(clean, needed).await?;
    }
    if !lacking.is_empty() {
        let what: Vec<String> = lacking
            .iter()
            .map(|commit| format!("+{commit}:refs/vwm/needed/{commit}"))
            .collect();
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        match remote::fetch(clean, remote, &what).await {
            Err(error) if error.is_retryable() => return Err(error),
            // What no branch holds, a remote may have forgotten, or not give.
            Ok(()) | Err(_) => lacking = self::lacking(clean, needed).await?,
        }
    }
    match lacking.into_iter().next() {
        None => Ok(()),
        Some(commit) => Err(GitError::BaseGone {
            url: url::shown(&repo.url),
            base: repo.base.clone(),
            commit,
        }),
    }
}

async fn lacking(clean: &Clean<'_>, needed: &[String]) -> Result<Vec<String>, GitError> {
    let mut lacking = Vec::new();
    for commit in needed {
        if clean.commit(commit).await?.is_none() {
            lacking.push(commit.clone());
        }
    }
    Ok(lacking)
}

/// The commits that a bundle stands on and does not hold, from the lines before its objects.
fn prerequisites(bundle: &Path) -> std::io::Result<Vec<String>> {
    let mut lines = BufReader::new(File::open(bundle)?.take(MAX_HEADER));
    let (mut needed, mut line, mut is_first) = (Vec::new(), Vec::new(), true);
    loop {
        line.clear();
        lines.read_until(b'\n', &mut line)?;
        let is_bundle = !is_first || (line.starts_with(b"# v") && line.ends_with(b"git bundle\n"));
        if !line.ends_with(b"\n") || !is_bundle {
            return Err(std::io::Error::other("it is not a whole bundle"));
        }
        is_first = false;
        if line == b"\n" {
            return Ok(needed);
        }
        if let Some(rest) = line.strip_prefix(b"-") {
            let commit = rest.split(u8::is_ascii_whitespace).next();
            let commit = commit.unwrap_or_default();
            // It becomes an argument of git.
            if !commit.iter().all(u8::is_ascii_hexdigit) {
                return Err(std::io::Error::other("it is not a bundle of ours"));
            }
            needed.push(String::from_utf8_lossy(commit).into_owned());
        }
    }
}
