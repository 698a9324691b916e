//! The working tree: made beside the harness's own git directory before the engine ever ran, then moved to its place.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use vwm_api::RepositoryRole;

use super::clean::{Clean, FETCH, Meets};
use super::mirror::{self, beside};
use super::{Context, EMAIL, GitError, Notice, Repo, url};

/// Makes the tree on the session's branch, with object files of its own.
pub(super) async fn make(
    repo: &Repo,
    ctx: &Context<'_>,
    base: Option<&str>,
) -> Result<(), GitError> {
    let half_done = beside(&repo.clean, "tree");
    mirror::remove(&half_done)?;
    std::fs::create_dir_all(&half_done).map_err(GitError::file("make a folder for git"))?;
    let branch = format!("--initial-branch={}", repo.branch);
    Clean::empty(ctx, &half_done)
        .git(
            "make a working tree",
            &["init", "--quiet", "--template=", &branch, "."],
        )
        .text()
        .await?;
    let tree = Clean::tree(ctx, &half_done);
    configure(repo, ctx, &tree).await?;
    if let Some(base) = base {
        check_out(repo, &tree, base).await?;
    }
    match repo.role {
        RepositoryRole::SessionRepository => write_hook(repo, &half_done)?,
        RepositoryRole::KnowledgeBase => std::fs::create_dir_all(half_done.join("learnings"))
            .map_err(GitError::file("make the folder learnings"))?,
    }
    put_in_place(repo, &half_done)
}

/// What a person should know of the repository as it came. Asked only while the tree is as it was made.
pub(super) async fn notices(
    repo: &Repo,
    ctx: &Context<'_>,
    base: Option<&str>,
) -> Result<Vec<Notice>, GitError> {
    let what = repo.what();
    let Some(base) = base else {
        return Ok(vec![Notice::new(
            "empty_repository",
            format!(
                "the {what} repository is empty; the branch {} is born with its first commit",
                repo.branch
            ),
        )]);
    };
    let mut notices = Vec::new();
    let bare = Clean::bare(ctx, &repo.clean);
    let modules = bare
        .git(
            "look for submodules",
            &["ls-tree", "--name-only", base, "--", ".gitmodules"],
        )
        .text()
        .await?;
    if !modules.is_empty() {
        notices.push(Notice::new(
            "submodules_not_fetched",
            format!("the {what} repository has submodules; they are not fetched"),
        ));
    }
    let pointers = large_files(repo, ctx, &bare, base).await?;
    if pointers > 0 {
        notices.push(Notice::new(
            "lfs_pointers",
            format!(
                "{pointers} file(s) of the {what} repository are kept by git LFS; only their pointers are here"
            ),
        ));
    }
    Ok(notices)
}

/// How many tracked files are pointers of git LFS.
async fn large_files(
    repo: &Repo,
    ctx: &Context<'_>,
    bare: &Clean<'_>,
    base: &str,
) -> Result<usize, GitError> {
    let doing = "look for files of git LFS";
    let rules = [
        "grep",
        "-q",
        "-e",
        "filter=lfs",
        base,
        "--",
        ":(glob)**/.gitattributes",
    ];
    if !bare.git(doing, &rules).yes().await? {
        return Ok(0);
    }
    let files = bare
        .git(doing, &["ls-tree", "-r", "-z", "--name-only", base])
        .bytes()
        .await?;
    let attributes = Clean::tree(ctx, &repo.tree)
        .git(doing, &["check-attr", "-z", "--stdin", "filter"])
        .input(files)
        .bytes()
        .await?;
    let fields: Vec<&[u8]> = attributes.split(|byte| *byte == 0).collect();
    Ok(fields
        .chunks_exact(3)
        .filter(|field| field[2] == b"lfs")
        .count())
}

async fn configure(repo: &Repo, ctx: &Context<'_>, tree: &Clean<'_>) -> Result<(), GitError> {
    let [(_, name), ..] = ctx.identity();
    let settings = [
        ("remote.origin.url", url::shown(&repo.url)),
        (
            "remote.origin.fetch",
            "+refs/heads/*:refs/remotes/origin/*".to_owned(),
        ),
        ("user.name", name),
        ("user.email", EMAIL.to_owned()),
    ];
    for (key, value) in settings {
        tree.git("configure a working tree", &["config", key, &value])
            .text()
            .await?;
    }
    Ok(())
}

async fn check_out(repo: &Repo, tree: &Clean<'_>, base: &str) -> Result<(), GitError> {
    // By a pack through the protocol: a clone from a path would link object files that the engine can write.
    let from = url::of_path(&repo.clean);
    let what = [
        "--",
        &from,
        "+refs/remotes/origin/*:refs/remotes/origin/*",
        "+refs/tags/*:refs/tags/*",
    ];
    tree.git("copy a repository", &[&FETCH[..], &what].concat())
        .meets(Meets::Disk)
        .text()
        .await?;
    tree.name(&repo.branch_ref(), base).await?;
    tree.git(
        &format!("check out the branch {}", repo.branch),
        &["reset", "--quiet", "--hard"],
    )
    .text()
    .await
    .map(drop)
}

/// Tells an agent that switches branches to stay. A hint and not a wall: whoever gets around it is put back.
fn write_hook(repo: &Repo, tree: &Path) -> Result<(), GitError> {
    let doing = || GitError::file("write a hook into the session's working tree");
    let hooks = tree.join(".git/hooks");
    std::fs::create_dir_all(&hooks).map_err(doing())?;
    let hook = hooks.join("reference-transaction");
    std::fs::write(&hook, hook_text(&repo.branch)).map_err(doing())?;
    std::fs::set_permissions(&hook, Permissions::from_mode(0o755)).map_err(doing())
}

fn hook_text(branch: &str) -> String {
    format!(
        r#"#!/bin/sh
# This session works on the branch {branch}. Everything but switching to another one is allowed.
[ "$1" = prepared ] || exit 0
# A further working tree has a HEAD of its own.
case "$GIT_DIR" in */worktrees/*) exit 0 ;; esac
grep -qs initializing "${{GIT_DIR:-.git}}"/worktrees/*/locked && exit 0
while read -r old new name; do
  case "$name $new" in
    "HEAD ref:refs/heads/{branch}") ;;
    "HEAD ref:"*)
      echo "this session works on the branch {branch}, and only that branch is pushed: stay on it and commit here" >&2
      exit 1 ;;
  esac
done
exit 0
"#
    )
}

/// Moves a whole tree to its place, over what is no tree.
fn put_in_place(repo: &Repo, made: &Path) -> Result<(), GitError> {
    let doing = || GitError::file(format!("put the {} repository in its place", repo.what()));
    if let Some(parent) = repo.tree.parent() {
        std::fs::create_dir_all(parent).map_err(doing())?;
    }
    match repo.tree.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(doing()(error)),
        // A file or link in its place is removed itself, and not what it points to.
        Ok(it) if !it.is_dir() => std::fs::remove_file(&repo.tree).map_err(doing())?,
        Ok(_) if repo.role == RepositoryRole::KnowledgeBase => {
            // The folder that the wall needs may have been made before the repository was there.
            match std::fs::remove_dir(repo.tree.join("learnings")) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(doing()(error)),
                _ => {}
            }
        }
        Ok(_) => {}
    }
    // An empty folder in its place gives way.
    std::fs::rename(made, &repo.tree).map_err(doing())
}
