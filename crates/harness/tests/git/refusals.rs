//! Remotes that do not take a branch: why, in a sentence, and nothing is lost.

use vwm_harness::git::GitError;

use crate::kit::{Lab, TWO_COMMITS};

/// A session with one commit that is not pushed yet.
async fn collected() -> Lab {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("echo mine > mine.txt && git add . && git commit -qm mine")
        .await;
    lab.collect().await;
    lab
}

#[tokio::test]
async fn what_stands_in_the_way_at_the_remote_is_told_and_once_it_is_gone_the_branch_is_taken() {
    struct Case {
        what: &'static str,
        make: &'static str,
        undo: &'static str,
        says: &'static str,
        is_retryable: bool,
    }
    let cases = [
        Case {
            what: "a lock that a crash left",
            make: "mkdir -p refs/heads && touch refs/heads/BRANCH.lock",
            undo: "rm refs/heads/BRANCH.lock",
            says: "could not store the branch BRANCH; see to its space, its rights and what stands in the way there: error: cannot lock ref",
            is_retryable: true,
        },
        Case {
            what: "no place",
            make: "git config receive.maxInputSize 10",
            undo: "git config --unset receive.maxInputSize",
            says: "could not store the branch BRANCH; see to its space, its rights and what stands in the way there: fatal: pack exceeds",
            is_retryable: true,
        },
        Case {
            what: "a branch below ours",
            make: "git update-ref refs/heads/BRANCH/x main",
            undo: "git update-ref -d refs/heads/BRANCH/x",
            says: "refused the branch BRANCH; see what it says, change its rules or the branch: error: cannot lock ref",
            is_retryable: false,
        },
        Case {
            what: "a rule",
            make: "printf '#!/bin/sh\\necho not on sundays >&2; exit 1\\n' > hooks/update; chmod +x hooks/update",
            undo: "rm hooks/update",
            says: "refused the branch BRANCH; see what it says, change its rules or the branch: not on sundays; error: hook declined to update refs/heads/BRANCH; [remote rejected] (hook declined)",
            is_retryable: false,
        },
    ];
    let lab = collected().await;
    let filled = |text: &str| text.replace("BRANCH", &lab.repo.branch);
    for case in cases {
        lab.sh(&format!("cd remote.git; {}", filled(case.make)));
        let refused = lab.not_pushed().await;
        assert!(
            refused.to_string().contains(&filled(case.says)),
            "{}: {refused}",
            case.what
        );
        assert_eq!(refused.is_retryable(), case.is_retryable, "{}", case.what);
        assert_eq!(lab.remote().get(&lab.repo.branch), None, "{}", case.what);
        lab.sh(&format!("cd remote.git; {}", filled(case.undo)));
        let sha = lab.push().await.sha;
        assert_eq!(lab.remote().get(&lab.repo.branch), sha.as_ref());
        lab.sh(&filled(
            "git --git-dir=remote.git update-ref -d refs/heads/BRANCH",
        ));
    }
}

#[tokio::test]
async fn a_base_that_was_deleted_at_the_remote_is_not_missed() {
    let lab = collected().await;
    lab.sh("git --git-dir=remote.git update-ref -d refs/heads/main && git --git-dir=remote.git tag -d v1 && git --git-dir=remote.git gc -q --prune=now");
    let sha = lab.push().await.sha;
    assert_eq!(lab.remote().get(&lab.repo.branch), sha.as_ref());
}

#[tokio::test]
async fn other_commits_on_our_branch_stay_and_commits_on_top_of_ours_are_no_refusal() {
    let lab = collected().await;
    let branch = &lab.repo.branch;
    lab.sh(&format!("cd seed && git checkout -q -b theirs && git commit -q --allow-empty -m theirs && git push -q ../remote.git theirs:{branch}"));
    let theirs = lab.remote()[branch].clone();
    let refused = lab.not_pushed().await;
    assert!(matches!(refused, GitError::BranchTaken { .. }), "{refused}");
    assert_eq!(
        refused.to_string(),
        format!(
            "{} has other commits on the branch {branch}, and nothing is overwritten; rename or delete that branch there, and push with `vwm session push`",
            lab.repo.url
        )
    );
    assert_eq!(lab.remote()[branch], theirs);
    lab.sh(&format!(
        "git --git-dir=remote.git branch -m {branch} theirs"
    ));
    let ours = lab.push().await.sha;

    lab.sh(&format!("cd seed && git fetch -q ../remote.git {branch} && git checkout -q FETCH_HEAD && git commit -q --allow-empty -m 'on top' && git push -q ../remote.git HEAD:{branch}"));
    let on_top = lab.remote()[branch].clone();
    assert_ne!(Some(&on_top), ours.as_ref());
    assert_eq!(lab.push().await.sha, ours);
    assert_eq!(lab.remote()[branch], on_top);
}
