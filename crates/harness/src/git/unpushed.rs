//! What no remote has is kept: the session's branch as a bundle, which can be pushed when the volume is gone.

use vwm_api::{RepositoryRole, Unpushed};

use super::clean::Clean;
use super::{Context, GitError, OUT, Repo, archive, collect, mirror, secrets, url};

/// Keeps what was collected of the branch; none where it holds no commit that the base has not.
pub(super) async fn keep(
    repo: &Repo,
    ctx: &Context<'_>,
    reason: &str,
) -> Result<Option<Unpushed>, GitError> {
    if !repo.clean.exists() {
        return Ok(None);
    }
    let clean = Clean::bare(ctx, &repo.clean);
    let Some(tip) = clean.commit(OUT).await? else {
        return Ok(None);
    };
    let base = mirror::base(repo, ctx).await?;
    let own = repo.branch_ref();
    let mut new = collect::beyond(&tip, base.as_deref());
    if clean.count(&new).await? == 0 {
        return Ok(None);
    }
    let name = name(repo.role);
    if !stands_at(&clean, ctx, &own, &tip, name).await? {
        secrets::refuse(&clean, ctx, &new).await?;
        clean.name(&own, &tip).await?;
        // What is packed is the branch by its name, so that whoever fetches from the file gets the branch.
        new[0] = &own;
        let half_done = archive::begin(ctx, name)?;
        let mut args = vec!["bundle", "create", "--quiet", half_done.as_str()];
        args.extend(new);
        let doing = format!("keep the branch {}", repo.branch);
        clean.git(&doing, &args).text().await?;
        archive::finish(ctx, name)?;
    }
    Ok(Some(Unpushed {
        repository: repo.role,
        url: url::shown(&repo.url),
        branch: repo.branch.clone(),
        sha: tip,
        bundle: name.to_owned(),
        reason: reason.to_owned(),
    }))
}

/// The remote has the branch: what an earlier try kept of it is not needed any more.
pub(super) fn forget(repo: &Repo, ctx: &Context<'_>) -> Result<(), GitError> {
    match std::fs::remove_file(ctx.collected.join(name(repo.role))) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(GitError::file(
            "remove the bundle of a pushed branch",
        )(error)),
        _ => Ok(()),
    }
}

fn name(role: RepositoryRole) -> &'static str {
    match role {
        RepositoryRole::KnowledgeBase => "unpushed-knowledge-base.bundle",
        RepositoryRole::SessionRepository => "unpushed-session.bundle",
    }
}

/// Whether an earlier try kept the branch at this commit.
async fn stands_at(
    clean: &Clean<'_>,
    ctx: &Context<'_>,
    own: &str,
    tip: &str,
    name: &str,
) -> Result<bool, GitError> {
    let path = ctx.collected.join(name);
    if !path.exists() {
        return Ok(false);
    }
    let path = path.to_string_lossy();
    let listed = clean
        .git("look at a bundle", &["bundle", "list-heads", &path])
        .run()
        .await?;
    Ok(listed.code == Some(0) && listed.text() == format!("{tip} {own}"))
}
