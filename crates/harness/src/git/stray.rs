//! What was committed beside the session's branch is kept as a bundle.

use vwm_api::RepositoryRole;

use super::clean::Clean;
use super::inside::Inside;
use super::{Context, GitError, Notice, Repo, STRAY, archive, nested, secrets};

/// Bundles every commit of the engine's repository that is neither in the session's branch nor at the remote.
pub(super) async fn keep(
    repo: &Repo,
    ctx: &Context<'_>,
    inside: &Inside<'_>,
    clean: &Clean<'_>,
) -> Result<Vec<Notice>, GitError> {
    forget(clean, STRAY).await?;
    let there = inside
        .text(
            "list branches",
            &[
                "for-each-ref",
                "--format=%(refname)",
                "refs/heads",
                "refs/stash",
                STRAY,
            ],
        )
        .await?;
    let own = repo.branch_ref();
    let mut what = vec![format!("+refs/heads/*:{STRAY}/heads/*")];
    let mut beside = false;
    for name in there.lines() {
        beside |= name != own;
        if name == "refs/stash" || name == STRAY {
            what.push(format!(
                "+{name}:{STRAY}/{}",
                name.trim_start_matches("refs/")
            ));
        }
    }
    if !beside {
        return Ok(Vec::new());
    }
    inside
        .fetch_out(clean, "bring out what was committed elsewhere", &what)
        .await?;
    let own = format!("{STRAY}/heads/{}", repo.branch);
    let mut known = vec!["--glob=refs/remotes/origin".to_owned()];
    if clean.commit(&own).await?.is_some() {
        known.push(own);
    }
    bundle(
        ctx,
        clean,
        STRAY,
        &known,
        "stray",
        "beside the session's branch",
    )
    .await
}

/// Keeps a working tree that git cannot use as files, and its commits where they can be read.
pub(super) async fn keep_tree(repo: &Repo, ctx: &Context<'_>) -> Result<Vec<Notice>, GitError> {
    let without = nested::folders(&repo.tree)?;
    let label = match repo.role {
        RepositoryRole::KnowledgeBase => "knowledge_base",
        RepositoryRole::SessionRepository => "session_repo",
    };
    let mut notices = archive::keep(repo, ctx, &repo.tree, &without, label).await?;
    for folder in &without {
        notices.extend(archive::keep_nested(repo, ctx, folder, &without).await?);
    }
    Ok(notices)
}

/// Writes a bundle of what is below a name and not in what is known; writes nothing where nothing is new.
pub(super) async fn bundle(
    ctx: &Context<'_>,
    clean: &Clean<'_>,
    below: &str,
    known: &[String],
    label: &str,
    whose: &str,
) -> Result<Vec<Notice>, GitError> {
    let glob = format!("--glob={below}");
    let mut new: Vec<&str> = vec![&glob, "--not"];
    new.extend(known.iter().map(String::as_str));
    if clean.count(&new).await? == 0 {
        return Ok(Vec::new());
    }
    if let Some(place) = secrets::find(clean, ctx, &new).await? {
        return Ok(vec![Notice::new(
            "secret_not_kept",
            format!("commits {whose} are not kept, because {place} holds a secret of this session"),
        )]);
    }
    let tips = clean
        .git("list what is kept", &["for-each-ref", below])
        .bytes()
        .await?;
    let name = format!("{label}-{}.bundle", &blake3::hash(&tips).to_hex()[..12]);
    let half_done = archive::begin(ctx, &name)?;
    let mut args = vec!["bundle", "create", "--quiet", half_done.as_str()];
    args.extend(new);
    clean
        .git("bundle what was committed elsewhere", &args)
        .text()
        .await?;
    archive::finish(ctx, &name)?;
    Ok(vec![Notice::new(
        "commits_bundled",
        format!("commits {whose} are kept in {name}; `git fetch` reads it"),
    )])
}

/// Drops what an earlier call named.
pub(super) async fn forget(clean: &Clean<'_>, below: &str) -> Result<(), GitError> {
    let orders = clean
        .git(
            "list what was kept before",
            &["for-each-ref", "--format=delete %(refname)", below],
        )
        .bytes()
        .await?;
    clean
        .git("forget what was kept before", &["update-ref", "--stdin"])
        .input(orders)
        .text()
        .await
        .map(drop)
}
