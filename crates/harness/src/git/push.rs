//! What was collected goes to the remote: to the session's own branch, never by force.

use vwm_api::RepositoryRole;

use super::clean::Clean;
use super::url::{self, Remote};
use super::{Context, GitError, OUT, Pushed, Repo, mirror, remote};

/// What the remote's branch is called while we look at it.
const THERE: &str = "refs/vwm/there";

pub(super) async fn push(repo: &Repo, ctx: &Context<'_>) -> Result<Pushed, GitError> {
    let clean = Clean::bare(ctx, &repo.clean);
    let pushed = |sha: Option<&str>, detail: String| Pushed {
        sha: sha.map(str::to_owned),
        detail,
    };
    let Some(tip) = clean.commit(OUT).await? else {
        return Ok(pushed(
            None,
            format!("nothing was committed, so {} is not pushed", repo.branch),
        ));
    };
    let remote = url::check(&repo.url, ctx)?;
    let may_be_left_out = ctx.auto_delete && repo.role == RepositoryRole::SessionRepository;
    if may_be_left_out && is_in_base(repo, ctx, &clean, &remote, &tip).await? {
        let own = repo.branch_ref();
        let there = remote::tips(&clean, &remote, &[&own]).await?;
        if there.get(&own) == Some(&tip) {
            delete(repo, &clean, &remote, &tip).await?;
        }
        return Ok(pushed(
            None,
            format!(
                "{} holds everything, so {} is left out",
                repo.base, repo.branch
            ),
        ));
    }
    to_branch(repo, &clean, &remote, &tip).await?;
    Ok(pushed(
        Some(&tip),
        format!("{} is pushed at {tip}", repo.branch),
    ))
}

/// Makes the remote's branch hold a commit. One that goes on from it, because somebody worked there since, holds it already.
pub(super) async fn to_branch(
    repo: &Repo,
    clean: &Clean<'_>,
    remote: &Remote,
    tip: &str,
) -> Result<(), GitError> {
    let own = repo.branch_ref();
    let taken = match remote::send(repo, clean, remote, &[&format!("{tip}:{own}")]).await {
        Err(error @ GitError::BranchTaken { .. }) => error,
        sent => return sent,
    };
    remote::fetch(clean, remote, &[&format!("+{own}:{THERE}")]).await?;
    if clean.is_ancestor(tip, THERE).await? {
        return Ok(());
    }
    Err(taken)
}

/// Whether the base branch, as it was or as it is now, has all of the commit.
async fn is_in_base(
    repo: &Repo,
    ctx: &Context<'_>,
    clean: &Clean<'_>,
    remote: &Remote,
    tip: &str,
) -> Result<bool, GitError> {
    let Some(base) = mirror::base(repo, ctx).await? else {
        return Ok(false);
    };
    if clean.is_ancestor(tip, &base).await? {
        return Ok(true);
    }
    let name = format!("refs/heads/{}", repo.base);
    let there = remote::tips(clean, remote, &[&name]).await?;
    if there.get(&name).is_none_or(|now| *now == base) {
        return Ok(false);
    }
    let now = format!("refs/remotes/origin/{}", repo.base);
    remote::fetch(clean, remote, &[&format!("+{name}:{now}")]).await?;
    clean.is_ancestor(tip, &now).await
}

/// Deletes the session's branch if it is still what this session pushed.
async fn delete(
    repo: &Repo,
    clean: &Clean<'_>,
    remote: &Remote,
    tip: &str,
) -> Result<(), GitError> {
    let own = repo.branch_ref();
    let lease = format!("--force-with-lease={own}:{tip}");
    remote::send(repo, clean, remote, &[&lease, &format!(":{own}")]).await
}
