//! What nobody committed becomes a commit, inside the wall, without touching the engine's index.

use std::path::Path;

use uuid::Uuid;

use crate::workspace::Tree;

use super::inside::Inside;
use super::{Context, GitError};

/// What is made into a commit, and as what.
pub(super) struct Leftovers<'a> {
    /// What the commit stands on.
    pub(super) parent: Option<&'a str>,
    /// Folders that are left out.
    pub(super) without: &'a [String],
    /// What the commit is called afterwards.
    pub(super) name: &'a str,
    /// Its message.
    pub(super) message: &'a str,
}

/// Commits what differs from the parent; returns the commit, or none when nothing differs. The same again is the same commit.
pub(super) async fn commit(
    inside: &Inside<'_>,
    ctx: &Context<'_>,
    what: &Leftovers<'_>,
) -> Result<Option<String>, GitError> {
    let doing = "commit what is left over";
    let index = format!("vwm-index-{}", Uuid::new_v4());
    let tree = write_tree(inside, what, &ctx.tmp.join(&index)).await;
    // What stays goes with the volume.
    let _ = Tree::open(&ctx.tmp).and_then(|tmp| tmp.remove(Path::new(&index)));
    let tree = tree?;
    let before = match what.parent {
        Some(parent) => inside.look_up(&format!("{parent}^{{tree}}")).await?,
        None => Some(
            inside
                .text(doing, &["hash-object", "-t", "tree", "/dev/null"])
                .await?,
        ),
    };
    if before.as_deref() == Some(tree.as_str()) {
        inside
            .run(doing, &["update-ref", "-d", what.name], None, None)
            .await?;
        return Ok(None);
    }
    if let Some(commit) = made_before(inside, what, &tree).await? {
        return Ok(Some(commit));
    }
    let mut args = vec!["commit-tree", &tree, "-m", what.message];
    if let Some(parent) = what.parent {
        args.extend(["-p", parent]);
    }
    let commit = inside.text(doing, &args).await?;
    inside.name(what.name, &commit).await?;
    Ok(Some(commit))
}

async fn write_tree(
    inside: &Inside<'_>,
    what: &Leftovers<'_>,
    index: &Path,
) -> Result<String, GitError> {
    let doing = "look at what is left over";
    let start = what.parent.unwrap_or("--empty");
    inside
        .run(doing, &["read-tree", start], Some(index), None)
        .await?
        .text(doing)?;
    let excluded: Vec<String> = what
        .without
        .iter()
        .map(|folder| format!(":(exclude,top,literal){folder}"))
        .collect();
    let mut args = vec!["add"];
    // In a sparse tree a file that is missing was never deleted.
    if inside.is_set("core.sparseCheckout").await? {
        args.extend(["--sparse", "--ignore-removal"]);
    } else {
        args.push("--all");
    }
    args.extend(["--", "."]);
    args.extend(excluded.iter().map(String::as_str));
    inside
        .run(doing, &args, Some(index), None)
        .await?
        .text(doing)?;
    inside
        .run(doing, &["write-tree"], Some(index), None)
        .await?
        .text(doing)
}

/// The commit that an earlier try made of the same tree on the same parent.
async fn made_before(
    inside: &Inside<'_>,
    what: &Leftovers<'_>,
    tree: &str,
) -> Result<Option<String>, GitError> {
    let Some(commit) = inside.commit(what.name).await? else {
        return Ok(None);
    };
    let same_tree = inside
        .look_up(&format!("{commit}^{{tree}}"))
        .await?
        .as_deref()
        == Some(tree);
    let lineage = inside
        .text(
            "look at a commit",
            &["rev-list", "--parents", "--max-count=1", &commit],
        )
        .await?;
    let parents: Vec<&str> = lineage.split_whitespace().skip(1).collect();
    let same_parent = parents == what.parent.into_iter().collect::<Vec<_>>();
    Ok((same_tree && same_parent).then_some(commit))
}
