//! What a session learned: plain files in `kb/learnings/`, read by the harness itself; git never looks into that tree.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::unseen;
use crate::workspace::{Kind, Tree};

use super::acceptable::{MAX_SIZE, fault};
use super::clean::Clean;
use super::provenance::{self, Provenance};
use super::{Context, Gathered, GitError, Notice, OUT, Repo, collect, mirror, secrets};

const FOLDER: &str = "learnings";
/// The most that all learnings of a session have together.
const MAX_TOGETHER: u64 = 32 * 1024 * 1024;
/// More than this is not looked at.
const MOST_ENTRIES: usize = 10_000;
/// Of more than so many files it is not told one by one why they are not taken.
const MOST_TOLD: usize = 100;

/// Fails when `learnings` is anything but a folder, in the base branch or where it stands.
pub(super) async fn check_folder(
    repo: &Repo,
    ctx: &Context<'_>,
    base: Option<&str>,
) -> Result<(), GitError> {
    let refused = |what: &str| {
        Err(GitError::LearningsIsLink {
            what: what.to_owned(),
            branch: repo.base.clone(),
        })
    };
    if let Some(base) = base {
        let entry = Clean::bare(ctx, &repo.clean)
            .git("look at learnings", &["ls-tree", base, "--", FOLDER])
            .text()
            .await?;
        match entry.split(' ').next().unwrap_or_default() {
            "" | "040000" => {}
            "120000" => return refused("link"),
            "160000" => return refused("submodule"),
            _ => return refused("file"),
        }
    }
    match Tree::open(&repo.tree).and_then(|tree| tree.kind(Path::new(FOLDER))) {
        Ok(None | Some(Kind::Dir)) => Ok(()),
        Ok(Some(Kind::Link)) => refused("link"),
        Ok(Some(Kind::File | Kind::Other)) => refused("file"),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(GitError::file("look at learnings")(error)),
    }
}

/// Commits what is new in the learnings on top of the base branch, in the harness's own directory.
pub(super) async fn collect(repo: &Repo, ctx: &Context<'_>) -> Result<Gathered, GitError> {
    let base = mirror::base(repo, ctx).await?;
    let base = base.as_deref();
    let clean = Clean::bare(ctx, &repo.clean);
    let before = known(&clean, base).await?;
    let mut notices = Vec::new();
    let mut changed = Vec::new();
    for (name, content) in read(repo, ctx, &before, &mut notices)? {
        let is_known = |id: &String| before.get(&name).is_some_and(|known| known.id == *id);
        if is_known(&keep(&clean, &content).await?) {
            continue;
        }
        let content = match proposed(ctx, &name, &content, &mut notices) {
            Ok(content) => content,
            Err(why) => {
                notices.push(refused(&ctx.without_secrets(&name), why));
                continue;
            }
        };
        let id = keep(&clean, &content).await?;
        if !is_known(&id) {
            changed.extend_from_slice(format!("100644 {id}\t{FOLDER}/{name}\0").as_bytes());
        }
    }
    let notices = few(notices, &own_name(ctx));
    let tip = if changed.is_empty() {
        base.map(str::to_owned)
    } else {
        Some(commit(repo, ctx, &clean, base, changed).await?)
    };
    if let Some(tip) = &tip {
        secrets::refuse(&clean, ctx, &collect::beyond(tip, base)).await?;
    }
    collect::gathered(ctx, &clean, base, tip, notices).await
}

async fn keep(clean: &Clean<'_>, content: &[u8]) -> Result<String, GitError> {
    clean
        .git("keep a learning", &["hash-object", "-w", "--stdin"])
        .input(content)
        .text()
        .await
}

/// What is proposed of a file that is not as the base branch has it, or why nothing is.
fn proposed(
    ctx: &Context<'_>,
    name: &str,
    content: &[u8],
    notices: &mut Vec<Notice>,
) -> Result<Vec<u8>, &'static str> {
    let mut seen = Vec::with_capacity(content.len());
    for chunk in content.utf8_chunks() {
        seen.extend_from_slice(unseen::without(chunk.valid()).as_bytes());
        seen.extend_from_slice(chunk.invalid());
    }
    let is_whole = seen == content;
    if name == own_name(ctx) {
        let provenance = Provenance::of(ctx.session, &ctx.worker_name);
        let vouched = provenance::vouched(&String::from_utf8_lossy(&seen), &provenance);
        seen = vouched.ok_or("it is empty")?.into_bytes();
    }
    // Here and not of the commit alone: what nobody can take out any more must not hold up the session's end.
    if secrets::are_in(ctx, &seen) || secrets::are_in(ctx, name.as_bytes()) {
        return Err("it holds a secret of this session");
    }
    if !is_whole {
        let why = "held characters that nobody sees; it is pushed without them";
        notices.push(about("learning_cleaned", name, why));
    }
    Ok(seen)
}

/// The file in which the session itself writes what it learned.
fn own_name(ctx: &Context<'_>) -> String {
    format!("session-{}.md", ctx.session)
}

fn refused(name: &str, why: &str) -> Notice {
    about("learning_refused", name, &format!("is not pushed: {why}"))
}

/// What is told of one file.
fn about(code: &'static str, name: &str, what: &str) -> Notice {
    let path = format!("{FOLDER}/{name}");
    Notice {
        about: Some(path.clone()),
        ..Notice::new(code, format!("{path} {what}"))
    }
}

/// Not more than anybody would read; of the session's own learning it is told in any case.
fn few(notices: Vec<Notice>, own: &str) -> Vec<Notice> {
    let own = Some(format!("{FOLDER}/{own}"));
    let (mut told, rest): (Vec<_>, Vec<_>) =
        notices.into_iter().partition(|notice| notice.about == own);
    let more = rest.len().saturating_sub(MOST_TOLD);
    told.extend(rest.into_iter().take(MOST_TOLD));
    if more > 0 {
        let message = format!("of {more} more files in learnings/ it is not told");
        told.push(Notice::new("learning_refused", message));
    }
    told
}

/// A file of the base branch.
struct Known {
    id: String,
    size: u64,
}

async fn known(clean: &Clean<'_>, base: Option<&str>) -> Result<BTreeMap<String, Known>, GitError> {
    let Some(base) = base else {
        return Ok(BTreeMap::new());
    };
    let list = clean
        .git(
            "list learnings",
            &["ls-tree", "-r", "-t", "-z", "-l", base, "--", "learnings/"],
        )
        .text()
        .await?;
    let entry = |line: &str| {
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split_ascii_whitespace().skip(2);
        let known = Known {
            id: facts.next()?.to_owned(),
            // Folders and links elsewhere have none.
            size: facts.next()?.parse().unwrap_or(0),
        };
        Some((path.strip_prefix("learnings/")?.to_owned(), known))
    };
    Ok(list.split('\0').filter_map(entry).collect())
}

/// The files that may be proposed; what is not taken and not the base branch's is told.
fn read(
    repo: &Repo,
    ctx: &Context<'_>,
    before: &BTreeMap<String, Known>,
    notices: &mut Vec<Notice>,
) -> Result<Vec<(String, Vec<u8>)>, GitError> {
    let failed = || GitError::file("read the learnings");
    let tree = match Tree::open(&repo.tree.join(FOLDER)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        tree => tree.map_err(failed())?,
    };
    let walk = tree.walk(|_| false, MOST_ENTRIES).map_err(failed())?;
    let mut refuse = |name: &str, why: &str| {
        notices.push(refused(&ctx.without_secrets(name), why));
    };
    if walk.is_cut {
        refuse(
            "",
            &format!("there are more than {MOST_ENTRIES} files, or some cannot be read"),
        );
    }
    let own = PathBuf::from(own_name(ctx));
    let mut entries = walk.entries;
    if walk.is_cut && entries.iter().all(|entry| entry.path != own) {
        entries.extend(tree.stat(&own));
    }
    // First, so that the others do not take its room.
    entries.sort_by_key(|entry| entry.path != own);
    let (mut files, mut together) = (Vec::new(), 0);
    for entry in &entries {
        let name = entry.shown();
        if let Some(why) = fault(entry, &name) {
            // A folder's files speak for themselves, but not where the session's own file should be; what came with the base branch
            // is nobody's proposal.
            let is_new = before
                .get(&name)
                .is_none_or(|known| known.size != entry.size);
            let is_told = entry.kind != Kind::Dir || name == own_name(ctx);
            if is_told && is_new {
                refuse(&name, why);
            }
            continue;
        }
        together += entry.size;
        if together > MAX_TOGETHER {
            refuse(&name, "all learnings together are larger than 32 MiB");
            continue;
        }
        match tree.read(&entry.path, MAX_SIZE) {
            Ok(content) => files.push((name, content)),
            Err(error) => refuse(&name, &error.to_string()),
        }
    }
    Ok(files)
}

/// The commit; the one of an earlier try when nothing changed since.
async fn commit(
    repo: &Repo,
    ctx: &Context<'_>,
    clean: &Clean<'_>,
    base: Option<&str>,
    changed: Vec<u8>,
) -> Result<String, GitError> {
    let doing = "commit the learnings";
    let index = mirror::beside(&repo.clean, "index");
    match std::fs::remove_file(&index) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(GitError::file(doing)(error));
        }
        _ => {}
    }
    let with_index = |args: &[&str]| clean.git(doing, args).env("GIT_INDEX_FILE", &index);
    with_index(&["read-tree", base.unwrap_or("--empty")])
        .text()
        .await?;
    with_index(&["update-index", "-z", "--add", "--replace", "--index-info"])
        .input(changed)
        .text()
        .await?;
    let tree = with_index(&["write-tree"]).text().await?;
    if let Some(made) = clean.commit(OUT).await? {
        let format = ["log", "--max-count=1", "--format=%T %P", &made];
        let there = clean.git(doing, &format).text().await?;
        if there == format!("{tree} {}", base.unwrap_or_default()).trim_end() {
            return Ok(made);
        }
    }
    let message = format!("Learnings of session {}", ctx.session);
    let mut args = vec!["commit-tree", &tree, "-m", &message];
    if let Some(base) = base {
        args.extend(["-p", base]);
    }
    let mut call = clean.git(doing, &args);
    for (name, value) in ctx.identity() {
        call = call.env(&name, value);
    }
    call.text().await
}
