//! A branch that could not be pushed is kept, and the program `push-bundle` brings it when the volume is gone.

use std::io::{ErrorKind, Read as _};
use std::net::TcpListener;
use std::time::Duration;

use vwm_api::harness::PushAnswer;
use vwm_api::{RepositoryRole, Unpushed};
use vwm_harness::git::GitError;

use crate::faults::locked_door;
use crate::kit::{Lab, TWO_COMMITS, push_later, sh, start_push};

/// A session with one commit, whose remote is away, and its bundle.
async fn kept(seed: &str) -> (Lab, Unpushed) {
    let lab = Lab::new(seed);
    lab.prepare().await;
    lab.does("echo mine > mine.txt && git add . && git commit -qm mine")
        .await;
    lab.collect().await;
    let unpushed = lab.keep().await.expect("there is a commit");
    (lab, unpushed)
}

fn failed(answer: PushAnswer) -> String {
    match answer {
        PushAnswer::Failed(why) => why,
        PushAnswer::Pushed => panic!("it is pushed"),
    }
}

#[tokio::test]
async fn what_no_remote_took_is_kept_as_a_bundle_and_pushed_from_it_later() {
    let (lab, unpushed) = kept(TWO_COMMITS).await;
    let main = lab.remote()["main"].clone();
    let head = lab.collect().await.head.expect("a commit");
    let told = Unpushed {
        repository: RepositoryRole::SessionRepository,
        url: lab.repo.url.clone(),
        branch: lab.repo.branch.clone(),
        sha: head.clone(),
        bundle: "unpushed-session.bundle".into(),
        reason: "away".into(),
    };
    assert_eq!(unpushed, told);
    let look =
        "cd s/state/collected && ls -A && stat -c '%i %Y' *.bundle && sed '/^$/,$d' *.bundle";
    let before = lab.sh(look);
    let lines: Vec<&str> = before.lines().collect();
    assert_eq!(
        (lines[0], lines[3], lines[4]),
        (
            "unpushed-session.bundle",
            format!("-{main} two").as_str(),
            format!("{head} refs/heads/{}", lab.repo.branch).as_str()
        )
    );
    assert_eq!(lab.keep().await, Some(unpushed.clone()));
    assert_eq!(lab.sh(look), before);

    let order = lab.order(&unpushed);
    lab.sh("mv remote.git away.git");
    let why = failed(push_later(&order));
    assert!(why.starts_with("there is no repository at"), "{why}");
    lab.sh("mv away.git remote.git");
    assert_eq!(push_later(&order), PushAnswer::Pushed);
    assert_eq!(lab.remote().get(&lab.repo.branch), Some(&head));
    assert_eq!(lab.remote()["main"], main);
    // What is there needs neither base nor bundle.
    lab.sh("rm s/state/collected/*.bundle");
    assert_eq!(push_later(&order), PushAnswer::Pushed);
}

#[tokio::test]
async fn more_that_is_collected_is_kept_too_and_what_the_remote_takes_at_last_is_not() {
    let (lab, first) = kept(TWO_COMMITS).await;
    lab.does("echo more > more.txt").await;
    lab.collect().await;
    let second = lab.keep().await.expect("there are commits");
    assert_ne!(first.sha, second.sha);
    let heads = "git bundle list-heads s/state/collected/unpushed-session.bundle";
    assert_eq!(
        lab.sh(heads),
        format!("{} refs/heads/{}", second.sha, second.branch)
    );
    lab.push().await;
    assert!(
        !lab.path("s/state/collected/unpushed-session.bundle")
            .exists()
    );
}

#[tokio::test]
async fn nothing_is_kept_where_nothing_was_committed() {
    let lab = Lab::new(TWO_COMMITS);
    assert_eq!(lab.keep().await, None);
    lab.prepare().await;
    assert_eq!(lab.keep().await, None);
    lab.collect().await;
    assert_eq!(lab.keep().await, None);
    assert!(!lab.path("s/state/collected").exists());
}

#[tokio::test]
async fn the_first_commits_of_an_empty_repository_are_kept_whole() {
    let (lab, unpushed) = kept("").await;
    assert_eq!(push_later(&lab.order(&unpushed)), PushAnswer::Pushed);
    assert_eq!(lab.pushed_files(), "mine.txt");
}

#[tokio::test]
async fn learnings_are_kept_and_pushed_alike() {
    let lab = Lab::with(TWO_COMMITS, RepositoryRole::KnowledgeBase, true);
    lab.prepare().await;
    sh(&lab.path("s/kb/learnings"), "echo new > new.md");
    lab.collect().await;
    let unpushed = lab.keep().await.expect("there is a commit");
    assert_eq!(
        (unpushed.repository, unpushed.bundle.as_str()),
        (
            RepositoryRole::KnowledgeBase,
            "unpushed-knowledge-base.bundle"
        )
    );
    assert_eq!(push_later(&lab.order(&unpushed)), PushAnswer::Pushed);
    assert!(lab.pushed_files().ends_with("learnings/new.md"));
}

#[tokio::test]
async fn a_secret_is_in_no_bundle() {
    let (mut lab, unpushed) = kept(TWO_COMMITS).await;
    lab.sh("rm -r s/state/collected");
    lab.secrets.push(b"mine".to_vec());
    let refused = lab.repo.keep_unpushed(&lab.context(), "away").await;
    assert!(
        matches!(refused, Err(GitError::SecretInCommit { .. })),
        "{refused:?}"
    );
    assert!(!lab.path("s/state/collected").join(unpushed.bundle).exists());
}

#[tokio::test]
async fn a_branch_that_is_there_goes_on_or_stays() {
    let (lab, unpushed) = kept(TWO_COMMITS).await;
    let order = lab.order(&unpushed);
    let branch = &lab.repo.branch;
    lab.sh(&format!("cd seed && git checkout -q -b theirs && git commit -q --allow-empty -m theirs && git push -q ../remote.git theirs:{branch}"));
    let theirs = lab.remote()[branch].clone();
    let why = failed(push_later(&order));
    assert!(
        why.ends_with("rename or delete that branch there, and push with `vwm session push`"),
        "{why}"
    );
    assert_eq!(lab.remote()[branch], theirs);
    lab.sh(&format!(
        "git --git-dir=remote.git update-ref refs/heads/{branch} main"
    ));
    assert_eq!(push_later(&order), PushAnswer::Pushed);
    assert_eq!(lab.remote()[branch], unpushed.sha);
}

#[tokio::test]
async fn what_the_bundle_stands_on_is_found_wherever_the_remote_has_it_or_named() {
    let (lab, unpushed) = kept(TWO_COMMITS).await;
    let order = lab.order(&unpushed);
    let forget = format!(
        "git --git-dir=remote.git update-ref -d refs/heads/{}",
        lab.repo.branch
    );
    lab.sh("git --git-dir=remote.git branch -m main trunk");
    assert_eq!(push_later(&order), PushAnswer::Pushed);
    // No branch has it any more, and the remote still does.
    lab.sh(&format!("{forget}; git --git-dir=remote.git update-ref -d refs/heads/trunk; git --git-dir=remote.git tag -d v1"));
    assert_eq!(push_later(&order), PushAnswer::Pushed);
    lab.sh(&format!(
        "{forget}; git --git-dir=remote.git gc -q --prune=now"
    ));
    let why = failed(push_later(&order));
    let base = lab.sh("git -C seed rev-parse main");
    assert_eq!(
        why,
        format!(
            "{} no longer has the commit {base}, on which the branch stands; push it there again, to main or to a branch of its own, and try again",
            lab.repo.url
        )
    );
    lab.sh("git -C seed push -q ../remote.git main:old");
    assert_eq!(push_later(&order), PushAnswer::Pushed);
}

#[tokio::test]
async fn an_order_that_cannot_be_followed_pushes_nothing_and_says_why() {
    let (lab, unpushed) = kept(TWO_COMMITS).await;
    let good = lab.order(&unpushed);
    let (port, _told) = locked_door();
    sh(&lab.path("s"), "git init -q --bare own.git");
    let mut cases = vec![("there is no repository at", good.clone()); 6];
    cases[0].1.url += "x";
    cases[1] = ("is not the commit 0123", good.clone());
    cases[1].1.sha = "0123456789012345678901234567890123456789".into();
    cases[2] = ("cannot read the bundle of", good.clone());
    cases[2].1.bundle += "x";
    cases[3] = ("a session's own folder is nobody's remote", good.clone());
    cases[3].1.url = format!("file://{}/own.git", good.volumes);
    cases[4] = ("use https or ssh", good.clone());
    cases[4].1.local_repositories = false;
    cases[5] = ("needs a password or key", good.clone());
    cases[5].1.url = format!("http://bob:s3cret@127.0.0.1:{port}/a.git");
    for (says, order) in cases {
        let why = failed(push_later(&order));
        assert!(why.contains(says), "{says}: {why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
    assert_eq!(lab.remote().len(), 1);
}

#[tokio::test]
async fn when_nobody_listens_any_more_the_program_ends_and_its_git_with_it() {
    let (lab, unpushed) = kept(TWO_COMMITS).await;
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut order = lab.order(&unpushed);
    order.url = format!("http://{}/a.git", silent.local_addr().expect("an address"));
    let mut program = start_push(&order);
    let (mut git, _) = silent.accept().expect("git asks");
    // By itself, git would wait for a minute.
    let patience = Some(Duration::from_secs(30));
    git.set_read_timeout(patience).expect("is set");
    drop(program.stdout.take());
    let mut said = Vec::new();
    let ended = git.read_to_end(&mut said).map_err(|error| error.kind());
    assert_ne!(ended, Err(ErrorKind::WouldBlock), "git lives");
    assert!(!program.wait().expect("it ends").success());
}
