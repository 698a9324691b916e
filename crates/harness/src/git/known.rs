//! What the harness's own directory knows of a knowledge base: what was committed, and what was learned last.

use std::collections::BTreeSet;

use super::clean::Clean;
use super::{Context, GitError, OUT, Repo, mirror};

/// A file as it was collected, and the commit that holds it; none where the base has the same.
pub(super) async fn committed_file(
    repo: &Repo,
    ctx: &Context<'_>,
    path: &str,
) -> Result<Option<(String, String)>, GitError> {
    if !repo.clean.exists() {
        return Ok(None);
    }
    let clean = Clean::bare(ctx, &repo.clean);
    let Some(commit) = clean.commit(OUT).await? else {
        return Ok(None);
    };
    let doing = "read what was committed";
    let entry = async |commit: &str| {
        let args = ["ls-tree", "-z", commit, "--", path];
        clean.git(doing, &args).text().await
    };
    let there = entry(&commit).await?;
    if let Some(base) = mirror::base(repo, ctx).await?
        && entry(&base).await? == there
    {
        return Ok(None);
    }
    let Some(id) = blob(&there, path) else {
        return Ok(None);
    };
    let content = clean.git(doing, &["cat-file", "blob", id]).bytes().await?;
    Ok(Some((
        String::from_utf8_lossy(&content).into_owned(),
        commit,
    )))
}

/// The files of which what was collected has more than the base, or something else.
pub(super) async fn committed_files(
    repo: &Repo,
    ctx: &Context<'_>,
) -> Result<Vec<String>, GitError> {
    if !repo.clean.exists() {
        return Ok(Vec::new());
    }
    let clean = Clean::bare(ctx, &repo.clean);
    let Some(commit) = clean.commit(OUT).await? else {
        return Ok(Vec::new());
    };
    let base = mirror::base(repo, ctx).await?;
    let args = match &base {
        Some(base) => vec![
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            "--diff-filter=d",
            base,
            &commit,
        ],
        None => vec!["ls-tree", "-r", "-z", "--name-only", &commit],
    };
    let list = clean.git("list what was committed", &args).bytes().await?;
    let list = String::from_utf8_lossy(&list);
    let files = list.split('\0').filter(|path| !path.is_empty());
    Ok(files.map(str::to_owned).collect())
}

/// The base branch's learnings, by the commit that brought them there, newest first.
pub(super) async fn newest_learnings(
    repo: &Repo,
    ctx: &Context<'_>,
    most: usize,
) -> Result<Vec<String>, GitError> {
    if !repo.clean.exists() {
        return Ok(Vec::new());
    }
    let Some(base) = mirror::base(repo, ctx).await? else {
        return Ok(Vec::new());
    };
    // Along the branch itself, where each file's last change is what the branch has of it.
    let args = [
        "log",
        "--first-parent",
        "--diff-merges=first-parent",
        "--no-renames",
        "--name-status",
        "-z",
        "--format=%H",
        &base,
        "--",
        ":(glob)learnings/*.md",
    ];
    let log = Clean::bare(ctx, &repo.clean)
        .git("list the newest learnings", &args)
        .bytes()
        .await?;
    let mut newest = newest(&log);
    newest.truncate(most);
    Ok(newest)
}

/// The id of a regular file in the answer of `git ls-tree -z`.
fn blob<'e>(entry: &'e str, path: &str) -> Option<&'e str> {
    let (facts, found) = entry.trim_end_matches('\0').split_once('\t')?;
    let mut facts = facts.split(' ');
    let is_file = facts.next()?.starts_with("100") && facts.next()? == "blob";
    (is_file && found == path).then(|| facts.next())?
}

/// The files that are still there, in the order of what `git log` says of commits and their changes: a hash stands for a commit, and
/// a letter before a path for what became of it.
fn newest(log: &[u8]) -> Vec<String> {
    let mut words = log
        .split(|byte| *byte == 0)
        .map(<[u8]>::trim_ascii_start)
        .filter(|word| !word.is_empty());
    let (mut seen, mut files) = (BTreeSet::new(), Vec::new());
    let mut of_commit = Vec::new();
    while let Some(word) = words.next() {
        if word.len() > 1 {
            files.extend(of_commit.drain(..).rev());
            continue;
        }
        let Some(path) = words.next() else { break };
        let is_first = seen.insert(path);
        let Ok(path) = std::str::from_utf8(path) else {
            continue;
        };
        let is_readme = path.eq_ignore_ascii_case("learnings/README.md");
        if is_first && word != b"D" && !is_readme && !path.contains(char::is_control) {
            of_commit.push(path.to_owned());
        }
    }
    files.extend(of_commit.into_iter().rev());
    files
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn a_learning_counts_by_its_last_change_and_not_once_it_is_deleted() {
        let log = "c3\0\nD\0learnings/gone.md\0M\0learnings/a.md\0\
            c2\0\nA\0learnings/gone.md\0A\0learnings/x.md\0A\0learnings/y.md\0\
            c1\0\nA\0learnings/README.md\0A\0learnings/a.md\0A\0learnings/b.md\0";
        assert_eq!(
            newest(log.as_bytes()),
            [
                "learnings/a.md",
                "learnings/y.md",
                "learnings/x.md",
                "learnings/b.md"
            ]
        );
        assert!(newest(b"").is_empty());
    }
}
