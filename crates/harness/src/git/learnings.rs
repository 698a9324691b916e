//! What a session learned: plain files in `kb/learnings/`, read by the harness itself; git never looks into that tree.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use crate::workspace::{Kind, Tree, Walked};

use super::clean::Clean;
use super::provenance::{self, Provenance};
use super::{Context, Gathered, GitError, Notice, OUT, Repo, collect, mirror, secrets};

const FOLDER: &str = "learnings";
/// The largest learning.
const MAX_SIZE: u64 = 1024 * 1024;
/// The most that all learnings of a session have together.
const MAX_TOGETHER: u64 = 32 * 1024 * 1024;
/// More than this is not looked at.
const MOST_ENTRIES: usize = 10_000;
/// Engines take files of these names for instructions.
const INSTRUCTIONS: [&str; 4] = ["agents", "claude", "gemini", "skill"];

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
        let id = clean
            .git("keep a learning", &["hash-object", "-w", "--stdin"])
            .input(content)
            .text()
            .await?;
        if before.get(&name).is_none_or(|known| known.id != id) {
            changed.extend_from_slice(format!("100644 {id}\t{FOLDER}/{name}\0").as_bytes());
        }
    }
    let tip = if changed.is_empty() {
        base.map(str::to_owned)
    } else {
        Some(commit(repo, ctx, &clean, base, changed).await?)
    };
    if let Some(tip) = &tip {
        let mut new = vec![tip.as_str()];
        if let Some(base) = base {
            new.extend(["--not", base]);
        }
        secrets::refuse(&clean, ctx, &new).await?;
    }
    collect::gathered(ctx, &clean, base, tip, notices).await
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
        notices.push(Notice::new(
            "learning_refused",
            format!("learnings/{name} is not pushed: {why}"),
        ));
    };
    if walk.is_cut {
        refuse(
            "",
            &format!("there are more than {MOST_ENTRIES} files, or some cannot be read"),
        );
    }
    let own = format!("session-{}.md", ctx.session);
    let provenance = Provenance::of(ctx.session, &ctx.worker_name);
    let (mut files, mut together) = (Vec::new(), 0);
    for entry in &walk.entries {
        let name = entry.shown();
        if let Some(why) = fault(entry, &name) {
            // A folder's files speak for themselves; what came with the base branch is nobody's proposal.
            let is_new = before
                .get(&name)
                .is_none_or(|known| known.size != entry.size);
            if entry.kind != Kind::Dir && is_new {
                refuse(&name, why);
            }
            continue;
        }
        together += entry.size;
        if together > MAX_TOGETHER {
            refuse(&name, "all learnings together are larger than 32 MiB");
            continue;
        }
        let content = match tree.read(&entry.path, MAX_SIZE) {
            Ok(content) => content,
            Err(error) => {
                refuse(&name, &error.to_string());
                continue;
            }
        };
        if name != own {
            files.push((name, content));
            continue;
        }
        match provenance::vouched(&String::from_utf8_lossy(&content), &provenance) {
            Some(content) => files.push((name, content.into_bytes())),
            None => refuse(&name, "it is empty"),
        }
    }
    Ok(files)
}

/// Why a file is not taken.
fn fault(entry: &Walked, name: &str) -> Option<&'static str> {
    match entry.kind {
        Kind::File => {}
        Kind::Dir => return Some("it is a folder"),
        Kind::Link => return Some("it is a link"),
        Kind::Other => return Some("it is not a regular file"),
    }
    if entry.path.to_str().is_none() || name.contains(char::is_control) {
        return Some("its name is not plain text");
    }
    if name.contains('/') {
        return Some("only files directly in learnings/ are taken");
    }
    if !name.ends_with(".md") {
        return Some("only files named *.md are taken");
    }
    if is_instruction(name) {
        return Some("engines would take it for instructions; give it another name");
    }
    if entry.size > MAX_SIZE {
        return Some("it is larger than 1 MiB");
    }
    None
}

/// Whether an engine takes a file of that name for instructions: also `CLAUDE.local.md`.
fn is_instruction(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    INSTRUCTIONS
        .iter()
        .any(|instruction| first.trim().eq_ignore_ascii_case(instruction))
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

#[cfg(test)]
mod tests {
    use super::is_instruction;

    #[test]
    fn a_name_that_engines_read_by_themselves_is_an_instruction_in_any_case() {
        for name in [
            "CLAUDE.md",
            "claude.md",
            "Agents.MD.md",
            "GEMINI.md",
            "SKILL.md",
            "CLAUDE.local.md",
        ] {
            assert!(is_instruction(name), "{name}");
        }
        for name in ["session-1.md", "claudes-law.md", "about-skill.md"] {
            assert!(!is_instruction(name), "{name}");
        }
    }
}
