//! The knowledge base: only plain files of the learnings leave the session.

use std::os::unix::fs::symlink;

use vwm_harness::git::{GitError, Role};

use crate::kit::{Lab, codes, sh};

const BASE: &str = "
    git init -q -b main seed && cd seed && mkdir learnings
    echo rules > COMPANY.md && echo old > learnings/old.md && echo known > learnings/CLAUDE.md
    git add . && git commit -q -m one && git push -q ../remote.git main
";

#[tokio::test]
async fn plain_files_of_the_learnings_are_pushed_and_the_rest_is_told() {
    let lab = Lab::with(BASE, Role::KnowledgeBase, true);
    assert_eq!(lab.prepare().await, []);
    assert_eq!(lab.prepare().await, []);
    let unchanged = lab.collect().await;
    assert_eq!(
        (unchanged.notices.as_slice(), unchanged.head.as_ref()),
        (&[][..], lab.remote().get("main"))
    );
    let learnings = lab.path("s/kb/learnings");
    sh(
        &learnings,
        "echo new > session-1.md; echo more >> old.md; mkdir sub; echo s > sub/s.md; echo a > agents.md; echo t > t.txt
         echo changed > CLAUDE.md; head -c 1048577 /dev/zero > large.md; mkfifo pipe.md; chmod +x session-1.md",
    );
    symlink("/etc/passwd", learnings.join("link.md")).expect("a link");
    sh(
        &lab.path("s/kb"),
        "chmod u+w COMPANY.md; echo changed > COMPANY.md; git config core.fsmonitor false",
    );
    let gathered = lab.collect().await;
    let refused: Vec<&str> = gathered
        .notices
        .iter()
        .map(|it| it.message.split(' ').next().expect("a path"))
        .collect();
    assert_eq!(
        refused,
        [
            "learnings/CLAUDE.md",
            "learnings/agents.md",
            "learnings/large.md",
            "learnings/link.md",
            "learnings/pipe.md",
            "learnings/sub/s.md",
            "learnings/t.txt"
        ]
    );
    assert_eq!(lab.collect().await, gathered);
    assert_eq!(lab.push().await.sha, gathered.head);
    let diff = lab.sh(&format!("git --git-dir=remote.git diff-tree -r --no-abbrev main {} | sed 's/ [0-9a-f]\\{{40\\}}//g'", lab.repo.branch));
    assert_eq!(
        diff,
        ":100644 100644 M\tlearnings/old.md\n:000000 100644 A\tlearnings/session-1.md"
    );
    assert_eq!(
        lab.remote().keys().collect::<Vec<_>>(),
        [&lab.repo.branch, "main"]
    );
}

#[tokio::test]
async fn learnings_that_are_no_folder_fail_the_session() {
    let seeds = [
        ("link", "ln -s /etc learnings"),
        ("file", "echo x > learnings"),
        (
            "submodule",
            "git update-index --add --cacheinfo 160000,0123456789012345678901234567890123456789,learnings",
        ),
    ];
    for (what, make) in seeds {
        let seed = format!(
            "git init -q -b main seed && cd seed && echo x > x && git add . && {make} && (test -e learnings && git add learnings || true)
             git commit -q -m one && git push -q ../remote.git main"
        );
        let lab = Lab::with(&seed, Role::KnowledgeBase, true);
        let refused = lab.refused().await;
        assert_eq!(
            refused.to_string(),
            format!("learnings in the knowledge base is a {what}; make it a folder in branch main")
        );
        assert!(!refused.is_retryable());
    }
}

#[tokio::test]
async fn an_empty_knowledge_base_gets_its_first_learning() {
    let lab = Lab::with("", Role::KnowledgeBase, true);
    assert_eq!(codes(&lab.prepare().await), ["empty_repository"]);
    assert_eq!(lab.collect().await.head, None);
    sh(&lab.path("s/kb/learnings"), "echo first > session-1.md");
    let gathered = lab.collect().await;
    assert_eq!(
        (lab.push().await.sha, lab.pushed_files().as_str()),
        (gathered.head, "learnings/session-1.md")
    );
}

#[tokio::test]
async fn a_secret_in_a_learning_is_not_pushed() {
    let lab = Lab::with(BASE, Role::KnowledgeBase, true);
    lab.prepare().await;
    sh(
        &lab.path("s/kb/learnings"),
        "echo the key is sk-test-door > session-1.md",
    );
    let refused = lab
        .repo
        .collect(&lab.context())
        .await
        .expect_err("a secret");
    assert!(
        matches!(&refused, GitError::SecretInCommit { place } if place == "the file learnings/session-1.md"),
        "{refused}"
    );
}
