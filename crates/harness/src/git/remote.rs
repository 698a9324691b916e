//! What is asked of a remote: which branches it has, their commits, and to take one of ours.

use std::collections::BTreeMap;

use super::clean::{Clean, FETCH, Meets};
use super::url::{self, Remote};
use super::{GitError, Repo, said};

/// Fetches commits and nothing beside them.
pub(super) async fn fetch(
    clean: &Clean<'_>,
    remote: &Remote,
    what: &[&str],
) -> Result<(), GitError> {
    let args = [&FETCH[..], &["--", &remote.url], what].concat();
    clean
        .git(&format!("fetch {}", url::shown(&remote.url)), &args)
        .meets(Meets::Remote(remote))
        .text()
        .await
        .map(drop)
}

/// Those of the names that the remote has, and where they stand.
pub(super) async fn tips(
    clean: &Clean<'_>,
    remote: &Remote,
    names: &[&str],
) -> Result<BTreeMap<String, String>, GitError> {
    let mut args = vec!["ls-remote", "--quiet", "--", &remote.url];
    args.extend(names);
    let list = clean
        .git("look at the remote's branches", &args)
        .meets(Meets::Remote(remote))
        .text()
        .await?;
    Ok(list
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(_, found)| names.contains(found))
        .map(|(tip, found)| (found.to_owned(), tip.to_owned()))
        .collect())
}

/// Pushes what the options and names say.
pub(super) async fn send(
    repo: &Repo,
    clean: &Clean<'_>,
    remote: &Remote,
    what: &[&str],
) -> Result<(), GitError> {
    let doing = format!("push {}", repo.branch);
    let (options, names): (Vec<&str>, Vec<&str>) =
        what.iter().partition(|argument| argument.starts_with("--"));
    let mut args = vec![
        "push",
        "--quiet",
        "--porcelain",
        "--no-verify",
        "--no-recurse-submodules",
    ];
    args.extend(options);
    args.extend(["--", &remote.url]);
    args.extend(names);
    let done = clean
        .git(&doing, &args)
        .meets(Meets::Remote(remote))
        .run()
        .await?;
    if done.code == Some(0) {
        return Ok(());
    }
    Err(said::of_push(
        &remote.url,
        &repo.branch,
        &done.complaint,
        &done.text(),
    ))
}
