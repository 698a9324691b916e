//! Repositories inside the session's repository: git would keep their names and lose their files.

use std::cell::RefCell;
use std::path::Path;

use crate::workspace::Tree;

use super::inside::Inside;
use super::{Context, GitError, Notice, Repo, archive};

/// More than this is not looked at.
const MOST_ENTRIES: usize = 2_000_000;

/// What was found, and what of it must not be added as a name.
pub(super) struct Nested {
    /// Folders that are left out of the commit.
    pub(super) without: Vec<String>,
    /// What was done.
    pub(super) notices: Vec<Notice>,
}

/// Archives every nested repository that is not ignored, and every registered submodule in which something changed.
pub(super) async fn keep(
    repo: &Repo,
    ctx: &Context<'_>,
    inside: &Inside<'_>,
    base: Option<&str>,
) -> Result<Nested, GitError> {
    let all = folders(&repo.tree)?;
    let mut nested = Nested {
        without: Vec::new(),
        notices: Vec::new(),
    };
    if all.is_empty() {
        return Ok(nested);
    }
    let ignored = ignored(inside, &all).await?;
    let submodules = registered(inside).await?;
    for folder in &all {
        if ignored.contains(folder) || submodules.iter().any(|of| is_below(folder, of)) {
            continue;
        }
        if submodules.contains(folder) {
            if !changed(inside, base, folder).await? {
                continue;
            }
        } else {
            nested.without.push(folder.clone());
        }
        nested
            .notices
            .extend(archive::keep_nested(repo, ctx, folder, &all).await?);
    }
    Ok(nested)
}

/// The folders below a tree that have a `.git` of their own.
pub(super) fn folders(tree: &Path) -> Result<Vec<String>, GitError> {
    let failed = || GitError::file("look for repositories in the repository");
    let found = RefCell::new(Vec::new());
    let skip = |path: &Path| {
        if path.file_name().is_none_or(|name| name != ".git") {
            return false;
        }
        if let Some(folder) = path.parent().and_then(Path::to_str)
            && !folder.is_empty()
        {
            found.borrow_mut().push(folder.to_owned());
        }
        true
    };
    Tree::open(tree)
        .and_then(|tree| tree.walk(skip, MOST_ENTRIES))
        .map_err(failed())?;
    let mut found = found.into_inner();
    found.sort();
    Ok(found)
}

/// Whether a folder lies in another one.
pub(super) fn is_below(folder: &str, above: &str) -> bool {
    folder
        .strip_prefix(above)
        .is_some_and(|rest| rest.starts_with('/'))
}

async fn ignored(inside: &Inside<'_>, folders: &[String]) -> Result<Vec<String>, GitError> {
    let doing = "look at what is ignored";
    let args = ["check-ignore", "--no-index", "-z", "--stdin"];
    let said = inside
        .run(doing, &args, None, Some(folders.join("\0").into_bytes()))
        .await?;
    match said.code {
        // Nothing is.
        Some(1) => Ok(Vec::new()),
        _ => said.text(doing).map(|text| fields(&text)),
    }
}

async fn registered(inside: &Inside<'_>) -> Result<Vec<String>, GitError> {
    let args = [
        "config",
        "-z",
        "--file",
        ".gitmodules",
        "--get-regexp",
        r"^submodule\..*\.path$",
    ];
    let said = inside.run("read .gitmodules", &args, None, None).await?;
    // One that is missing or cannot be read registers nothing.
    let text = String::from_utf8_lossy(&said.out);
    Ok(fields(&text)
        .iter()
        .filter_map(|entry| entry.split_once('\n'))
        .map(|(_, path)| path.trim_end_matches('/').to_owned())
        .collect())
}

/// Whether a submodule is at another commit than it was, or holds what is not committed.
async fn changed(inside: &Inside<'_>, base: Option<&str>, folder: &str) -> Result<bool, GitError> {
    let Some(base) = base else {
        return Ok(true);
    };
    let args = [
        "diff",
        "--quiet",
        "--ignore-submodules=none",
        base,
        "--",
        folder,
    ];
    let said = inside.run("look at a submodule", &args, None, None).await?;
    Ok(said.code != Some(0))
}

fn fields(text: &str) -> Vec<String> {
    text.split('\0')
        .filter(|field| !field.is_empty())
        .map(str::to_owned)
        .collect()
}
