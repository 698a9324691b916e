//! What was collected goes to the remote: to the session's own branch, never by force.

use super::clean::{Clean, Meets};
use super::url::{self, Remote};
use super::{Context, GitError, OUT, Pushed, Repo, Role, error, mirror};

pub(super) async fn push(repo: &Repo, ctx: &Context<'_>) -> Result<Pushed, GitError> {
    let clean = Clean::bare(ctx, &repo.clean);
    let pushed = |sha: Option<&str>, detail: String| Pushed {
        sha: sha.map(str::to_owned),
        remote_branch: repo.branch.clone(),
        detail,
    };
    let Some(tip) = clean.commit(OUT).await? else {
        return Ok(pushed(
            None,
            format!("nothing was committed, so {} is not pushed", repo.branch),
        ));
    };
    let remote = url::check(&repo.url, ctx)?;
    let may_be_left_out = ctx.auto_delete && repo.role == Role::Session;
    if may_be_left_out && is_in_base(repo, ctx, &clean, &remote, &tip).await? {
        let there = remote_tip(&clean, &remote, &repo.branch_ref()).await?;
        if there.as_deref() == Some(tip.as_str()) {
            delete(repo, &clean, &remote, &tip).await?;
        }
        return Ok(pushed(
            None,
            format!(
                "{} holds everything, so {} is left out",
                repo.base, repo.branch
            ),
        ));
    }
    let what = format!("{tip}:{}", repo.branch_ref());
    send(repo, &clean, &remote, &[&what]).await?;
    Ok(pushed(
        Some(&tip),
        format!("{} is pushed at {tip}", repo.branch),
    ))
}

/// Whether the base branch, as it was or as it is now, has all of the commit.
async fn is_in_base(
    repo: &Repo,
    ctx: &Context<'_>,
    clean: &Clean<'_>,
    remote: &Remote,
    tip: &str,
) -> Result<bool, GitError> {
    let Some(base) = mirror::base(repo, ctx).await? else {
        return Ok(false);
    };
    if clean.is_ancestor(tip, &base).await? {
        return Ok(true);
    }
    let name = format!("refs/heads/{}", repo.base);
    let Some(now) = remote_tip(clean, remote, &name).await? else {
        return Ok(false);
    };
    if now == base {
        return Ok(false);
    }
    let what = format!("+{name}:refs/remotes/origin/{}", repo.base);
    clean
        .git(
            &format!("fetch {}", url::shown(&repo.url)),
            &[
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--refmap=",
                "--",
                &remote.url,
                &what,
            ],
        )
        .meets(Meets::Remote(remote))
        .text()
        .await?;
    clean
        .is_ancestor(tip, &format!("refs/remotes/origin/{}", repo.base))
        .await
}

async fn remote_tip(
    clean: &Clean<'_>,
    remote: &Remote,
    name: &str,
) -> Result<Option<String>, GitError> {
    let list = clean
        .git(
            "look at the remote's branches",
            &["ls-remote", "--quiet", "--", &remote.url, name],
        )
        .meets(Meets::Remote(remote))
        .text()
        .await?;
    Ok(list
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(_, found)| *found == name)
        .map(|(tip, _)| tip.to_owned()))
}

/// Deletes the session's branch if it is still what this session pushed.
async fn delete(
    repo: &Repo,
    clean: &Clean<'_>,
    remote: &Remote,
    tip: &str,
) -> Result<(), GitError> {
    let own = repo.branch_ref();
    let lease = format!("--force-with-lease={own}:{tip}");
    send(repo, clean, remote, &[&lease, &format!(":{own}")]).await
}

async fn send(
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
    let said = format!("{}\n{}", done.complaint, done.text());
    if said.contains("[rejected]") || said.contains("[remote rejected]") {
        return Err(GitError::PushRefused {
            url: url::shown(&repo.url),
            branch: repo.branch.clone(),
            tail: url::mask(said.trim()),
        });
    }
    Err(error::of_remote(&remote.url, &doing, &done.complaint))
}
