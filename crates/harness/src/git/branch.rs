//! A tree that left its branch is put back, after what was done elsewhere is safe.

use std::path::Path;

use crate::workspace::Tree;

use super::clean::Clean;
use super::inside::Inside;
use super::leftovers::{self, Leftovers};
use super::{Context, GitError, Notice, Repo, STRAY, mirror, stray, tree};

/// Puts a tree back on its branch, and makes a new one where that cannot be.
pub(super) async fn put_back(
    repo: &Repo,
    ctx: &Context<'_>,
    base: Option<&str>,
) -> Result<Vec<Notice>, GitError> {
    let why = match restore(repo, ctx, base).await {
        Ok(notices) => return Ok(notices),
        Err(error) if error.is_retryable() => return Err(error),
        Err(error) => error,
    };
    let mut notices = stray::keep_tree(repo, ctx).await?;
    let mut aside = mirror::beside(&repo.tree, "broken");
    let mut count = 1;
    while aside.symlink_metadata().is_ok() {
        count += 1;
        aside = mirror::beside(&repo.tree, &format!("broken-{count}"));
    }
    std::fs::rename(&repo.tree, &aside)
        .map_err(GitError::file("move a broken working tree aside"))?;
    tree::make(repo, ctx, base).await?;
    notices.push(Notice::new(
        "tree_made_again",
        format!(
            "git could not use {} any more ({why}); it lies at {} now, and a new one was made from {}",
            name_of(&repo.tree),
            name_of(&aside),
            repo.base
        ),
    ));
    Ok(notices)
}

/// Puts HEAD on the session's branch. Fails where git cannot use the repository.
pub(super) async fn restore(
    repo: &Repo,
    ctx: &Context<'_>,
    base: Option<&str>,
) -> Result<Vec<Notice>, GitError> {
    let inside = Inside::of_tree(ctx, &repo.tree);
    remove_locks(repo);
    let own = repo.branch_ref();
    check_usable(&inside, &own, base).await?;
    let doing = format!("put the working tree back on {}", repo.branch);
    let at = inside
        .run(&doing, &["symbolic-ref", "-q", "HEAD"], None, None)
        .await?;
    let at = String::from_utf8_lossy(&at.out).trim().to_owned();
    let branch = inside.commit(&own).await?;
    if at == own {
        if let (None, Some(base)) = (&branch, base) {
            inside.name(&own, base).await?;
            return Ok(vec![restored(
                repo,
                "was deleted, and was made again from its base",
            )]);
        }
        return Ok(Vec::new());
    }
    let elsewhere = if at.is_empty() {
        "HEAD stood on no branch".to_owned()
    } else {
        format!("HEAD stood on {}", at.trim_start_matches("refs/heads/"))
    };
    let head = inside.commit("HEAD").await?;
    if let Some(head) = &head
        && goes_forward(&inside, branch.as_deref().or(base), head).await?
    {
        // The files stay as they are: they belong to the commit that the branch has now.
        inside.name(&own, head).await?;
        switch(&inside, &doing, &own).await?;
        return Ok(vec![restored(
            repo,
            &format!("has everything now: {elsewhere}, and the branch was moved there"),
        )]);
    }
    let mut notices = keep_elsewhere(repo, ctx, &inside, head.as_deref()).await?;
    if let (None, Some(base)) = (&branch, base) {
        inside.name(&own, base).await?;
    }
    switch(&inside, &doing, &own).await?;
    if branch.is_some() || base.is_some() {
        inside.text(&doing, &["reset", "--quiet", "--hard"]).await?;
    }
    notices.push(restored(
        repo,
        &format!("is where the working tree stands again: {elsewhere}"),
    ));
    Ok(notices)
}

/// Saves what is committed and what is not, before the files change.
async fn keep_elsewhere(
    repo: &Repo,
    ctx: &Context<'_>,
    inside: &Inside<'_>,
    head: Option<&str>,
) -> Result<Vec<Notice>, GitError> {
    let uncommitted = Leftovers {
        parent: head,
        without: &[],
        name: STRAY,
        message: "Not committed when the session was put back on its branch",
    };
    if leftovers::commit(inside, ctx, &uncommitted)
        .await?
        .is_none()
        && let Some(head) = head
    {
        inside.name(STRAY, head).await?;
    }
    stray::keep(repo, ctx, inside, &Clean::bare(ctx, &repo.clean)).await
}

/// Removes what a git that was killed left in the way. Nothing of the engine's runs now.
fn remove_locks(repo: &Repo) {
    let own = format!(".git/{}.lock", repo.branch_ref());
    let Ok(tree) = Tree::open(&repo.tree) else {
        return;
    };
    for lock in [
        ".git/index.lock",
        ".git/HEAD.lock",
        ".git/packed-refs.lock",
        ".git/config.lock",
        &own,
    ] {
        // Git will say whether it is still in the way.
        let _ = tree.remove(Path::new(lock));
    }
}

/// Git can use the repository, and it is still the one that was made here.
async fn check_usable(inside: &Inside<'_>, own: &str, base: Option<&str>) -> Result<(), GitError> {
    let doing = "use the session's working tree";
    inside.text(doing, &["rev-parse", "--git-dir"]).await?;
    if let Some(base) = base {
        inside.text(doing, &["cat-file", "commit", base]).await?;
    }
    if inside.look_up(own).await?.is_some() && inside.commit(own).await?.is_none() {
        return Err(GitError::Failed {
            doing: doing.to_owned(),
            tail: format!("{own} stands for no commit"),
        });
    }
    Ok(())
}

async fn goes_forward(inside: &Inside<'_>, from: Option<&str>, to: &str) -> Result<bool, GitError> {
    match from {
        Some(from) => inside.is_ancestor(from, to).await,
        None => Ok(true),
    }
}

async fn switch(inside: &Inside<'_>, doing: &str, branch: &str) -> Result<(), GitError> {
    inside
        .text(doing, &["symbolic-ref", "HEAD", branch])
        .await
        .map(drop)
}

fn restored(repo: &Repo, how: &str) -> Notice {
    Notice::new(
        "branch_restored",
        format!("the branch {} {how}", repo.branch),
    )
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
