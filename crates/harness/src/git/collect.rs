//! Everything that a session made in its repository, brought into the harness's own directory and checked there.

use super::clean::Clean;
use super::inside::Inside;
use super::leftovers::{self, Leftovers};
use super::prepare::is_folder;
use super::{
    Context, Gathered, GitError, IN, Kept, KeptKind, LEFTOVERS, Notice, OUT, Repo, STRAY, branch,
    mirror, nested, secrets, stray,
};

pub(super) async fn collect(repo: &Repo, ctx: &Context<'_>) -> Result<Gathered, GitError> {
    let base = mirror::base(repo, ctx).await?;
    let base = base.as_deref();
    let clean = Clean::bare(ctx, &repo.clean);
    let mut notices = Vec::new();
    let mut tip = base.map(str::to_owned);
    if !is_folder(&repo.tree) {
        notices.push(Notice::new(
            "tree_gone",
            "the session's working tree is gone, so nothing of it could be collected",
        ));
        tip = clean.commit(OUT).await?.or(tip);
    } else {
        match bring_out(repo, ctx, &clean, base, &mut notices).await {
            Ok(brought) => tip = brought.or(tip),
            Err(error) if may_pass(&error) => return Err(error),
            Err(error) => {
                notices.push(Notice::new(
                    "tree_unusable",
                    format!("git cannot use the session's working tree as it is: {error}"),
                ));
                notices.extend(stray::keep_tree(repo, ctx).await?);
                tip = clean.commit(OUT).await?.or(tip);
            }
        }
    }
    gathered(ctx, &clean, base, tip, notices).await
}

/// What is collected: the tip is the branch from now on.
pub(super) async fn gathered(
    ctx: &Context<'_>,
    clean: &Clean<'_>,
    base: Option<&str>,
    tip: Option<String>,
    notices: Vec<Notice>,
) -> Result<Gathered, GitError> {
    let mut commits_ahead = 0;
    if let Some(tip) = &tip {
        clean.name(OUT, tip).await?;
        commits_ahead = clean.count(&beyond(tip, base)).await?;
    }
    Ok(Gathered {
        head: tip,
        commits_ahead,
        notices,
        files: kept(ctx)?,
    })
}

/// The commits that a tip has and its base has not, as git is asked for them.
pub(super) fn beyond<'t>(tip: &'t str, base: Option<&'t str>) -> Vec<&'t str> {
    let mut commits = vec![tip];
    if let Some(base) = base {
        commits.extend(["--not", base]);
    }
    commits
}

/// A failure that says nothing about the tree: the same may go well later. A secret is the user's to take out.
fn may_pass(error: &GitError) -> bool {
    error.is_retryable()
        || matches!(
            error,
            GitError::SecretInCommit { .. } | GitError::Start { .. }
        )
}

/// The tip of the session's branch with what was left over; none when nothing was ever committed.
async fn bring_out(
    repo: &Repo,
    ctx: &Context<'_>,
    clean: &Clean<'_>,
    base: Option<&str>,
    notices: &mut Vec<Notice>,
) -> Result<Option<String>, GitError> {
    notices.extend(branch::restore(repo, ctx, base).await?);
    let inside = Inside::of_tree(ctx, &repo.tree);
    let tip = commit_leftovers(repo, ctx, &inside, base, notices).await?;
    let Some((from, tip)) = tip else {
        return Ok(None);
    };
    let what = [format!("+{from}:{IN}")];
    inside
        .fetch_out(clean, "bring out the session's commits", &what)
        .await?;
    if clean.commit(IN).await?.as_deref() != Some(tip.as_str()) {
        return Err(GitError::Failed {
            doing: "bring out the session's commits".to_owned(),
            tail: format!("{from} is not the commit {tip}"),
        });
    }
    notices.extend(stray::keep(repo, ctx, &inside, clean).await?);
    let mut new = vec![IN, "--not", "--glob=refs/remotes/origin"];
    let Some(base) = base else {
        secrets::refuse(clean, ctx, &new).await?;
        return Ok(Some(tip));
    };
    new.push(base);
    if clean.is_ancestor(base, &tip).await? {
        secrets::refuse(clean, ctx, &new).await?;
        return Ok(Some(tip));
    }
    let related = clean
        .git("compare commits", &["merge-base", base, &tip])
        .yes()
        .await?;
    if related {
        notices.push(Notice::new(
            "history_rewritten",
            format!(
                "{} no longer stands on {} as it was when the session began; it is pushed as it is",
                repo.branch, repo.base
            ),
        ));
        secrets::refuse(clean, ctx, &new).await?;
        return Ok(Some(tip));
    }
    notices.push(Notice::new(
        "history_unrelated",
        format!(
            "the commits on {} have nothing in common with {}, so they are bundled and not pushed",
            repo.branch, repo.base
        ),
    ));
    stray::forget(clean, STRAY).await?;
    clean
        .name(&format!("{STRAY}/heads/{}", repo.branch), &tip)
        .await?;
    let known = ["--glob=refs/remotes/origin".to_owned()];
    let whose = "of the session's branch";
    notices.extend(stray::bundle(ctx, clean, STRAY, &known, "unrelated", whose).await?);
    Ok(Some(base.to_owned()))
}

/// The name to fetch, and the commit that it must be.
async fn commit_leftovers(
    repo: &Repo,
    ctx: &Context<'_>,
    inside: &Inside<'_>,
    base: Option<&str>,
    notices: &mut Vec<Notice>,
) -> Result<Option<(String, String)>, GitError> {
    let nested = nested::keep(repo, ctx, inside, base).await?;
    notices.extend(nested.notices);
    let own = repo.branch_ref();
    let committed = inside.commit(&own).await?;
    let message = format!("Leftovers of session {}", ctx.session);
    let rest = Leftovers {
        parent: committed.as_deref(),
        without: &nested.without,
        name: LEFTOVERS,
        message: &message,
    };
    match leftovers::commit(inside, ctx, &rest).await {
        Ok(Some(commit)) => Ok(Some((LEFTOVERS.to_owned(), commit))),
        Ok(None) => Ok(committed.map(|commit| (own, commit))),
        Err(error) if may_pass(&error) => Err(error),
        Err(error) => {
            notices.push(Notice::new(
                "leftovers_archived",
                format!("what was not committed could not be committed: {error}"),
            ));
            notices.extend(stray::keep_tree(repo, ctx).await?);
            Ok(committed.map(|commit| (own, commit)))
        }
    }
}

/// What lies in the folder of what outlives the volume.
fn kept(ctx: &Context<'_>) -> Result<Vec<Kept>, GitError> {
    let failed = || GitError::file("list what is kept");
    let entries = match std::fs::read_dir(&ctx.collected) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed())?,
    };
    let mut kept = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed())?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let kind = match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("bundle") => KeptKind::Bundle,
            Some("tar") => KeptKind::Archive,
            _ => continue,
        };
        if !name.starts_with('.') {
            kept.push(Kept { kind, name, path });
        }
    }
    kept.sort();
    Ok(kept)
}
