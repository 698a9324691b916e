//! Remotes that are away for a moment, that hold up one another, or that somebody else gave the branch.

use futures_util::StreamExt;
use serde_json::json;
use vwm_api::{EventBody, SessionStatus};
use vwm_tests::{Repository, Web, World, until, within};

use super::{Worked, repositories, rules};

/// The codes of the notices that say what became of the branches, sorted.
async fn became(worked: &Worked) -> Vec<String> {
    let events = worked.world.client().events(worked.session, 0);
    let codes = events.filter_map(async |event| match event.expect("the event is one").body {
        EventBody::Notice { code, .. } if code.contains("pushed") => Some(code),
        _ => None,
    });
    within("the session's last event", codes.collect()).await
}

/// Waits until all that the session made is in the harness's own directories; gives the commits.
async fn collected(worked: &Worked) -> [String; 2] {
    let git = worked.world.volume(worked.session).state().join("git");
    let folders = ["session.git", "knowledge_base.git"].map(|name| git.join(name));
    let mut commits = Vec::new();
    for folder in folders {
        let name = folder.join("refs/vwm/out");
        let commit = until("a branch to be collected", async || {
            std::fs::read_to_string(&name).ok()
        });
        commits.push(commit.await.trim().to_owned());
    }
    let [session, knowledge] = [commits.remove(0), commits.remove(0)];
    [session, knowledge]
}

/// Gives a branch of a remote a commit that lies in another repository.
fn give(remote: &Repository, from: &str, name: &str, branch: &str) {
    let what = format!("{name}:refs/heads/{branch}");
    let _ = remote.git(&["fetch", "--quiet", from, &what]);
}

/// Goes on from a branch, as a team member would.
fn go_on(remote: &Repository, branch: &str) {
    let commit = remote.git(&[
        "commit-tree",
        &format!("{branch}^{{tree}}"),
        "-p",
        branch,
        "-m",
        "More",
    ]);
    let name = format!("refs/heads/{branch}");
    let _ = remote.git(&["update-ref", &name, commit.trim()]);
}

#[tokio::test]
async fn remotes_that_are_away_for_two_seconds_are_waited_for() {
    let worked = Worked::new("600").await;
    worked.both(Repository::go_away);
    worked.is_asked_to_end().await;
    let [branch, _] = worked.branches();
    let beginning = format!(
        "{branch} is not pushed yet, nothing is removed, and it is tried again: there is no repository at {}",
        worked.urls[0]
    );
    worked
        .world
        .reason_that_begins(worked.session, &beginning)
        .await;
    let tips = collected(&worked).await;
    // Not to wait for anything: so long they are away.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    worked.both(Repository::come_back);
    worked.world.end(worked.session).await;
    assert_eq!(worked.is_over().await, []);
    worked.is_at_the_remotes(&tips).await;
    assert_eq!(became(&worked).await, ["pushed", "pushed"]);
}

#[tokio::test]
async fn a_remote_that_says_nothing_holds_up_neither_the_other_one_nor_its_next_try() {
    let world = World::start(json!({})).await;
    let repositories = repositories();
    let door = Web::serving(&repositories[1]);
    let urls = [repositories[0].url(), door.url.clone()];
    let agent = rules(&json!("true"), &json!([]));
    let worked = Worked::with(world, agent, repositories, urls).await;
    door.fall_silent();
    worked.project.go_away();
    worked.is_asked_to_end().await;
    until("the silent one to be called", async || {
        (door.waiting() > 0).then_some(())
    })
    .await;
    let [branch, other] = worked.branches();
    let beginning = format!("{branch} is not pushed yet");
    worked
        .world
        .reason_that_begins(worked.session, &beginning)
        .await;
    worked.project.come_back();
    until("the other branch to be pushed", async || {
        worked.project.branches().contains(&branch).then_some(())
    })
    .await;
    let session = worked.world.client().session(worked.session).await;
    assert_eq!(session.expect("known").status, SessionStatus::Ending);
    assert!(!worked.knowledge.branches().contains(&other));
    let tips = collected(&worked).await;
    door.speak();
    worked.world.end(worked.session).await;
    assert_eq!(worked.is_over().await, []);
    worked.is_at_the_remotes(&tips).await;
}

#[tokio::test]
async fn of_two_remotes_the_one_that_is_there_has_its_branch_and_the_other_is_kept() {
    let worked = Worked::new("0").await;
    worked.knowledge.go_away();
    worked.world.end(worked.session).await;
    let left = worked.is_over().await;
    let [branch, other] = worked.branches();
    let kept: Vec<_> = left.iter().map(|it| &it.branch).collect();
    assert_eq!(kept, [&other]);
    assert_eq!(
        worked.project.file(&branch, "notes.md").as_deref(),
        Some("hello\n")
    );
    assert_eq!(became(&worked).await.len(), 2);
    worked.knowledge.come_back();
    let result = worked.world.client().push_session(worked.session).await;
    let result = result.expect("it answers");
    assert_eq!((result.pushed.len(), result.unpushed.len()), (1, 0));
    let tips = [worked.project.tip(&branch), left[0].sha.clone()];
    worked.is_at_the_remotes(&tips).await;
}

#[tokio::test]
async fn a_branch_that_is_there_with_the_same_commit_or_more_needs_no_push() {
    for more in [false, true] {
        let worked = Worked::new("600").await;
        // What it does not have to take it cannot refuse.
        worked.both(Repository::refuse_pushes);
        worked.is_asked_to_end().await;
        let tips = collected(&worked).await;
        let git = worked.world.volume(worked.session).state().join("git");
        let folders = ["session.git", "knowledge_base.git"].map(|name| git.join(name));
        let branches = worked.branches();
        for (n, remote) in worked.remotes().into_iter().enumerate() {
            let from = folders[n].to_str().expect("UTF-8");
            give(remote, from, "refs/vwm/out", &branches[n]);
            if more {
                go_on(remote, &branches[n]);
            }
        }
        worked.world.end(worked.session).await;
        assert_eq!(worked.is_over().await, []);
        let expected = if more { ["~1", "~1"] } else { ["", ""] };
        let there = [0, 1].map(|n| {
            let name = format!("{}{}", branches[n], expected[n]);
            worked.remotes()[n].tip(&name)
        });
        assert_eq!(there, tips);
        assert!(worked.learned().await.git_pushed);
    }
}

#[tokio::test]
async fn a_later_push_leaves_a_branch_alone_that_goes_on_from_what_is_kept() {
    let worked = Worked::new("0").await;
    worked.both(Repository::refuse_pushes);
    worked.world.end(worked.session).await;
    let left = worked.is_over().await;
    let mut theirs = Vec::new();
    for (remote, it) in worked.remotes().into_iter().zip(&left) {
        let bundle = super::blobs(&worked.world).into_iter().find(|path| {
            let bytes = std::fs::read(path).expect("it can be read");
            let text = String::from_utf8_lossy(&bytes);
            text.starts_with("# v")
                && text.contains(&format!("{} refs/heads/{}", it.sha, it.branch))
        });
        let bundle = bundle.expect("it is kept");
        let name = format!("refs/heads/{}", it.branch);
        give(remote, bundle.to_str().expect("UTF-8"), &name, &it.branch);
        go_on(remote, &it.branch);
        theirs.push(remote.tip(&it.branch));
    }
    let result = worked.world.client().push_session(worked.session).await;
    let result = result.expect("it answers");
    assert_eq!((result.pushed.len(), result.unpushed.len()), (2, 0));
    let tips = [theirs.remove(0), theirs.remove(0)];
    worked.is_at_the_remotes(&tips).await;
}
