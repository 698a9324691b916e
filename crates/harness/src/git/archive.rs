//! What does not fit into the session's branch is kept as files: an archive of a folder, and a bundle of its own commits.

use std::fs::File;
use std::path::Path;

use uuid::Uuid;

use super::clean::Clean;
use super::inside::Inside;
use super::leftovers::{self, Leftovers};
use super::{Context, GitError, KEPT, Notice, Repo, nested, secrets, stray};
use crate::workspace::Tree;

/// In the scratch repository: the folder's files.
const FILES: &str = "refs/vwm/files";
/// In the scratch repository: the folder's own commits.
const COMMITS: &str = "refs/vwm/commits";

/// Keeps a repository nested in the session's working tree.
pub(super) async fn keep_nested(
    repo: &Repo,
    ctx: &Context<'_>,
    folder: &str,
    all: &[String],
) -> Result<Vec<Notice>, GitError> {
    let deeper: Vec<String> = all
        .iter()
        .filter(|other| nested::is_below(other, folder))
        .map(|other| other[folder.len() + 1..].to_owned())
        .collect();
    let label: String = folder
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    let label = format!("nested-{label}");
    let mut notices = keep(repo, ctx, &repo.tree.join(folder), &deeper, &label).await?;
    for notice in &mut notices {
        notice.code = "nested_repository";
        notice.message = format!(
            "{folder} is a repository in the repository: {}",
            notice.message
        );
    }
    Ok(notices)
}

/// Keeps a folder's files, and the commits of the repository that it is.
pub(super) async fn keep(
    repo: &Repo,
    ctx: &Context<'_>,
    folder: &Path,
    without: &[String],
    label: &str,
) -> Result<Vec<Notice>, GitError> {
    let name = format!("vwm-{}.git", Uuid::new_v4());
    let kept = through(repo, ctx, folder, without, label, &ctx.tmp.join(&name)).await;
    // What stays goes with the volume.
    let _ = Tree::open(&ctx.tmp).and_then(|tmp| tmp.remove(Path::new(&name)));
    kept
}

/// A file that is not whole yet.
pub(super) fn begin(ctx: &Context<'_>, name: &str) -> Result<String, GitError> {
    std::fs::create_dir_all(&ctx.collected)
        .map_err(GitError::file("make the folder of what is kept"))?;
    Ok(ctx
        .collected
        .join(format!(".{name}"))
        .to_string_lossy()
        .into_owned())
}

/// The file is whole, also after a loss of power: a later try takes it for that.
pub(super) fn finish(ctx: &Context<'_>, name: &str) -> Result<(), GitError> {
    let half_done = ctx.collected.join(format!(".{name}"));
    File::open(&half_done)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&half_done, ctx.collected.join(name)))
        .and_then(|()| File::open(&ctx.collected)?.sync_all())
        .map_err(GitError::file(format!("keep {name}")))
}

/// The folder's files become a commit of a scratch repository inside the wall, which comes out as every commit does. So no
/// file of the engine's is opened outside the wall, and nothing that the folder's own repository is set to do is done here.
async fn through(
    repo: &Repo,
    ctx: &Context<'_>,
    folder: &Path,
    without: &[String],
    label: &str,
    scratch: &Path,
) -> Result<Vec<Notice>, GitError> {
    let inside = Inside::new(ctx, scratch, folder);
    inside
        .text("keep a folder", &["init", "--quiet", "--template="])
        .await?;
    let all = Leftovers {
        parent: None,
        without,
        name: FILES,
        message: "Kept",
    };
    let files = leftovers::commit(&inside, ctx, &all).await?;
    let (commits, unread) = own_commits(&inside, ctx, folder).await?;
    let mut what = Vec::new();
    if files.is_some() {
        what.push(format!("+{FILES}:{KEPT}/files"));
    }
    if commits {
        what.push(format!("+{COMMITS}/*:{KEPT}/commits/*"));
    }
    let mut notices: Vec<Notice> = unread.into_iter().collect();
    if what.is_empty() {
        return Ok(notices);
    }
    let clean = Clean::bare(ctx, &repo.clean);
    stray::forget(&clean, KEPT).await?;
    inside
        .fetch_out(&clean, "bring out a folder", &what)
        .await?;
    if files.is_some() {
        notices.push(archive(repo, ctx, &clean, label).await?);
    }
    if commits {
        let below = format!("{KEPT}/commits");
        let known = ["--glob=refs/remotes/origin".to_owned()];
        notices.extend(stray::bundle(ctx, &clean, &below, &known, label, "of its own").await?);
    }
    stray::forget(&clean, KEPT).await?;
    Ok(notices)
}

/// Copies what can be read of the folder's own commits, and says whether there are any and what a git could not end with; that it
/// is broken, shallow or empty is no reason to stop.
async fn own_commits(
    inside: &Inside<'_>,
    ctx: &Context<'_>,
    folder: &Path,
) -> Result<(bool, Option<Notice>), GitError> {
    let doing = "read a nested repository";
    let unread = |why: &str| {
        let message = format!("not all commits of its own are kept: {why}");
        Some(Notice::new("commits_not_kept", message))
    };
    let folder = folder.to_string_lossy();
    let refs = format!("+refs/*:{COMMITS}/*");
    let head = format!("+HEAD:{COMMITS}/HEAD");
    let mut notice = None;
    for what in [&refs, &head] {
        let args = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--refmap=",
            "--",
            &*folder,
            what,
        ];
        let Some(time) = ctx.patience.for_reading() else {
            notice = unread("git hung too often in this session's folders");
            break;
        };
        match inside.run_within(time, doing, &args, None, None).await {
            // What is there hangs it again.
            Err(error @ GitError::Inside { .. }) if !error.is_retryable() => {
                notice = unread(&vwm_api::chain(&error));
                break;
            }
            ran => ran.map(drop)?,
        }
    }
    let there = inside
        .text(doing, &["for-each-ref", "--count=1", COMMITS])
        .await?;
    Ok((!there.is_empty(), notice))
}

async fn archive(
    repo: &Repo,
    ctx: &Context<'_>,
    clean: &Clean<'_>,
    label: &str,
) -> Result<Notice, GitError> {
    let files = format!("{KEPT}/files");
    if let Some(place) = secrets::find(clean, ctx, &[&files]).await? {
        return Ok(Notice::new(
            "secret_not_kept",
            format!("its files are not kept, because {place} holds a secret of this session"),
        ));
    }
    // An archive follows the attributes of what it packs, unless these say otherwise.
    let info = repo.clean.join("info");
    std::fs::create_dir_all(&info)
        .and_then(|()| std::fs::write(info.join("attributes"), "* -export-ignore -export-subst\n"))
        .map_err(GitError::file("keep a folder"))?;
    let tree = clean
        .git(
            "keep a folder",
            &["rev-parse", &format!("{files}^{{tree}}")],
        )
        .text()
        .await?;
    let name = format!("{label}-{}.tar", &tree[..12]);
    let half_done = begin(ctx, &name)?;
    let output = format!("--output={half_done}");
    let prefix = format!("--prefix={label}/");
    clean
        .git(
            "keep a folder",
            &["archive", "--format=tar", &prefix, &output, &tree],
        )
        .text()
        .await?;
    finish(ctx, &name)?;
    Ok(Notice::new(
        "files_archived",
        format!("its files are kept in {name}"),
    ))
}
