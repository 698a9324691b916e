//! A repository made ready for a session, step by step; every step may find itself done already.

use std::path::{Path, PathBuf};

use vwm_api::RepositoryRole;

use super::mirror::beside;
use super::{Context, GitError, Notice, Repo, branch, learnings, mirror, tree};

pub(super) async fn prepare(repo: &Repo, ctx: &Context<'_>) -> Result<Vec<Notice>, GitError> {
    std::fs::create_dir_all(ctx.git_folder()).map_err(GitError::file("make a folder for git"))?;
    remove_old_credentials(repo, &ctx.git_folder())?;
    let base = mirror::ensure(repo, ctx).await?;
    if repo.role == RepositoryRole::KnowledgeBase {
        learnings::check_folder(repo, ctx, base.as_deref()).await?;
    }
    // Before this mark stands, no engine ever ran in the tree.
    let mark = mark(repo);
    let stands = is_folder(&repo.tree);
    if mark.exists() && stands {
        return match repo.role {
            // Nothing of it can be written but the learnings, and nothing else of it is ever read.
            RepositoryRole::KnowledgeBase => Ok(Vec::new()),
            RepositoryRole::SessionRepository => branch::put_back(repo, ctx, base.as_deref()).await,
        };
    }
    let mut notices = Vec::new();
    if mark.exists() {
        notices.push(Notice::new(
            "tree_made_again",
            format!(
                "the working tree of the {} repository was gone, so it was made again from {}",
                repo.what(),
                repo.base
            ),
        ));
    }
    if mark.exists() || !is_folder(&repo.tree.join(".git")) {
        tree::make(repo, ctx, base.as_deref()).await?;
    }
    notices.extend(tree::notices(repo, ctx, base.as_deref()).await?);
    std::fs::write(&mark, b"").map_err(GitError::file("mark a working tree as made"))?;
    Ok(notices)
}

/// What says that the working tree was made.
pub(super) fn mark(repo: &Repo) -> PathBuf {
    beside(&repo.clean, "made")
}

/// Whether there is a folder and not a link to one.
pub(super) fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_dir())
}

/// Removes what a crash in the middle of a call left.
fn remove_old_credentials(repo: &Repo, folder: &Path) -> Result<(), GitError> {
    let own = beside(&repo.clean, "");
    let own = own.file_name().unwrap_or_default().to_string_lossy();
    let failed = || GitError::file("look for what a crash left");
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&*own) && name.contains(".credential-") {
            std::fs::remove_file(entry.path())
                .map_err(GitError::file("remove a credential that a crash left"))?;
        }
    }
    Ok(())
}
