//! Remotes that take no branch before the deadline: nothing is lost, and a later push brings exactly what was collected.

use serde_json::json;
use vwm_api::Unpushed;
use vwm_tests::{Repository, Said, Web, World, without_ids};

use super::{Worked, pushes_for, repositories, rules};

/// Both remotes say no for these reasons at the end and at a push before it is mended; afterwards a push brings it all.
async fn is_kept_and_brought(worked: &Worked, reasons: &[String; 2], mend: impl Fn(&Worked)) {
    let left = worked.ends_without(reasons).await;
    let said = worked.pushes().await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let told = told(worked).await;
    assert_eq!(said.err, told);
    mend(worked);
    worked.is_brought_by_push(&left).await;
}

/// What a push says that brought nothing, from what the session tells of it now.
async fn told(worked: &Worked) -> String {
    let session = worked.world.client().session(worked.session).await;
    let left = session.expect("it is known").unpushed;
    let line = |it: &Unpushed| {
        let (branch, url) = (&it.branch, &it.url);
        format!("error: not pushed: {branch} in {url}: {}\n", it.reason)
    };
    let lines: String = left.iter().map(line).collect();
    let hint = "hint: the commits are kept; mend that, and ask again with `vwm session push ID`\n";
    without_ids(&lines) + hint
}

/// A sentence for each remote, from its address and the session's branch.
fn each(worked: &Worked, sentence: impl Fn(&str, &str) -> String) -> [String; 2] {
    let branches = worked.branches();
    [0, 1].map(|n| sentence(&worked.urls[n], &branches[n]))
}

#[tokio::test]
async fn remotes_that_are_away_for_longer_than_the_deadline() {
    let worked = Worked::new("1").await;
    worked.both(Repository::go_away);
    let reasons = each(&worked, |url, _| {
        format!(
            "there is no repository at {url}, or it is not visible; check the address and who may read it"
        )
    });
    is_kept_and_brought(&worked, &reasons, |worked| {
        worked.both(Repository::come_back);
    })
    .await;
}

#[tokio::test]
async fn remotes_whose_hook_refuses_the_branch() {
    let worked = Worked::new("1").await;
    worked.both(Repository::refuse_pushes);
    let reasons = each(&worked, |url, branch| {
        format!(
            "{url} refused the branch {branch}; see what it says, change its rules or the branch: this week is frozen; \
             [remote rejected] (pre-receive hook declined)"
        )
    });
    is_kept_and_brought(&worked, &reasons, |worked| {
        worked.both(Repository::take_pushes);
    })
    .await;
}

#[tokio::test]
async fn remotes_that_have_other_commits_on_the_branch() {
    let worked = Worked::new("1").await;
    let branches = worked.branches();
    for (remote, branch) in worked.remotes().into_iter().zip(&branches) {
        remote.commit(branch, &[("theirs.md", "theirs\n")]);
    }
    let theirs = [0, 1].map(|n| worked.remotes()[n].tip(&branches[n]));
    let reasons = each(&worked, |url, branch| {
        format!(
            "{url} has other commits on the branch {branch}, and nothing is overwritten; \
             rename or delete that branch there, and push with `vwm session push`"
        )
    });
    is_kept_and_brought(&worked, &reasons, |worked| {
        for (remote, branch) in worked.remotes().into_iter().zip(&branches) {
            let _ = remote.git(&["branch", "--move", branch, "theirs"]);
        }
    })
    .await;
    let kept = worked.remotes().map(|remote| remote.tip("theirs"));
    assert_eq!(kept, theirs);
}

#[tokio::test]
async fn remotes_whose_disk_is_full() {
    let project = Repository::on_a_small_disk(&[("README.md", "# Project\n")]);
    let knowledge = Repository::on_a_small_disk(&[("COMPANY.md", "# Who we are\n")]);
    let urls = [project.url(), knowledge.url()];
    let world = World::start_with(json!({}), pushes_for("1")).await;
    let agent = rules(&json!("true"), &json!([]));
    let worked = Worked::with(world, agent, [project, knowledge], urls).await;
    worked.both(Repository::fill_disk);
    let reasons = each(&worked, |url, branch| {
        format!(
            "{url} could not store the branch {branch}; see to its space, its rights and what stands in the way there: "
        )
    });
    is_kept_and_brought(&worked, &reasons, |worked| {
        worked.both(Repository::free_disk);
    })
    .await;
}

#[tokio::test]
async fn remotes_that_take_the_call_and_never_say_a_word() {
    let world = World::start_with(json!({}), pushes_for("1")).await;
    let repositories = repositories();
    let doors = repositories.each_ref().map(Web::serving);
    let urls = doors.each_ref().map(|door| door.url.clone());
    let agent = rules(&json!("true"), &json!([]));
    let worked = Worked::with(world, agent, repositories, urls).await;
    doors.iter().for_each(Web::fall_silent);
    let reasons = each(&worked, |url, branch| {
        format!(
            "gave up after 5 s: push {branch} to {url}; try again, or look at the repository's size and the network"
        )
    });
    let left = worked.ends_without(&reasons).await;
    let session = worked.session.to_string();
    let shown = worked.world.says(&["session", "show", &session]).await;
    for it in &left {
        let line = format!("{} in {}: {}\n", it.branch, it.url, it.reason);
        assert!(shown.out.contains(&without_ids(&line)), "{}", shown.out);
    }
    doors.iter().for_each(Web::speak);
    worked.is_brought_by_push(&left).await;
}

#[tokio::test]
async fn a_push_of_a_session_of_which_nothing_is_left_is_no_fault() {
    let worked = Worked::new("600").await;
    worked.world.end(worked.session).await;
    assert_eq!(worked.is_over().await, []);
    let said = Said::new(0, "everything of session ID is pushed already\n", "");
    assert_eq!(worked.pushes().await, said);
}
