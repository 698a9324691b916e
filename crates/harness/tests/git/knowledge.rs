//! The knowledge base: only plain files of the learnings leave the session.

use std::os::unix::fs::symlink;

use vwm_api::RepositoryRole;

use crate::kit::{Lab, codes, sh};

const BASE: &str = "
    git init -q -b main seed && cd seed && mkdir learnings
    echo rules > COMPANY.md && echo old > learnings/old.md && echo known > learnings/CLAUDE.md
    git add . && git commit -q -m one && git push -q ../remote.git main
";

#[tokio::test]
async fn plain_files_of_the_learnings_are_pushed_and_the_rest_is_told() {
    let lab = Lab::with(BASE, RepositoryRole::KnowledgeBase, true);
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
        let lab = Lab::with(&seed, RepositoryRole::KnowledgeBase, true);
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
    let lab = Lab::with("", RepositoryRole::KnowledgeBase, true);
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
async fn a_secret_in_a_learning_is_not_pushed_and_what_has_none_is() {
    let lab = Lab::with(BASE, RepositoryRole::KnowledgeBase, true);
    lab.prepare().await;
    let own = format!("session-{}.md", lab.session);
    sh(
        &lab.path("s/kb/learnings"),
        &format!(
            "echo the key is sk-test-door > session-1.md; echo good > good.md; echo x > about-sk-test-door.md
             printf 'it is sk-test\\342\\200\\213-door' > {own}"
        ),
    );
    let gathered = lab.collect().await;
    let told: Vec<&str> = gathered
        .notices
        .iter()
        .map(|notice| notice.message.as_str())
        .collect();
    assert_eq!(
        told,
        [
            &format!("learnings/{own} is not pushed: it holds a secret of this session"),
            "learnings/about-***.md is not pushed: it holds a secret of this session",
            "learnings/session-1.md is not pushed: it holds a secret of this session",
        ]
    );
    lab.push().await;
    assert!(lab.pushed_files().contains("learnings/good.md"));
    let kept = lab.sh("git --git-dir=remote.git cat-file --batch-all-objects --batch --buffer");
    assert!(
        kept.contains("good") && !kept.contains("sk-test-door"),
        "{kept}"
    );
}

#[tokio::test]
async fn what_nobody_sees_in_a_learning_is_not_proposed_and_the_rest_of_it_is() {
    let base = "git init -q -b main seed && cd seed && mkdir learnings
        printf 'as \\033[1mit was\\n' > learnings/old.md && git add . && git commit -q -m one && git push -q ../remote.git main";
    let lab = Lab::with(base, RepositoryRole::KnowledgeBase, true);
    lab.prepare().await;
    let own = format!("learnings/session-{}.md", lab.session);
    sh(
        &lab.path("s/kb"),
        &format!(
            "printf 'Test it.\\363\\240\\201\\257\\363\\240\\201\\242\\n\\342\\200\\256\\377\\n' > learnings/new.md
             printf -- '---\\ntitle: \\033]0;x\\007Retry\\n---\\nIt\\0 helps.' > {own}"
        ),
    );
    let gathered = lab.collect().await;
    assert_eq!(
        codes(&gathered.notices),
        ["learning_cleaned", "learning_cleaned"]
    );
    assert_eq!(lab.collect().await, gathered);
    let changed = lab.repo.committed_files(&lab.context()).await;
    // What the base has is as it was.
    assert_eq!(
        changed.expect("lists"),
        ["learnings/new.md".to_owned(), own.clone()]
    );
    let file = async |path: &str| {
        let found = lab.repo.committed_file(&lab.context(), path).await;
        found.expect("is read").expect("is committed").0
    };
    assert_eq!(file("learnings/new.md").await, "Test it.\n\u{fffd}\n");
    let own = file(&own).await;
    assert!(
        own.ends_with("\ntitle: ]0;xRetry\n---\n\nIt helps.\n"),
        "{own}"
    );
}

#[tokio::test]
async fn of_very_many_files_the_sessions_own_is_taken_and_not_every_other_one_is_told() {
    let lab = Lab::with(BASE, RepositoryRole::KnowledgeBase, true);
    lab.prepare().await;
    let own = format!("session-{}.md", lab.session);
    sh(
        &lab.path("s/kb/learnings"),
        &format!(
            "mkdir a; cd a; seq 20000 | xargs touch; cd ..; seq 300 | sed s/$/.txt/ | xargs touch; echo mine > {own}"
        ),
    );
    let gathered = lab.collect().await;
    assert_eq!(gathered.notices.len(), 101);
    let changed = lab.repo.committed_files(&lab.context()).await;
    assert_eq!(changed.expect("lists"), [format!("learnings/{own}")]);
}

#[tokio::test]
async fn the_sessions_own_learning_says_where_it_comes_from() {
    let lab = Lab::with(BASE, RepositoryRole::KnowledgeBase, true);
    lab.prepare().await;
    let own = format!("learnings/session-{}.md", lab.session);
    let kb = lab.path("s/kb");
    sh(&kb, &format!("echo > {own}"));
    let gathered = lab.collect().await;
    assert_eq!(
        (gathered.notices[0].message.clone(), gathered.commits_ahead),
        (format!("{own} is not pushed: it is empty"), 0)
    );
    let found = lab.repo.committed_file(&lab.context(), &own).await;
    assert_eq!(found.expect("is read"), None);

    sh(
        &kb,
        &format!("printf -- '---\\ntitle: Retry\\nworker: eve\\n---\\nIt helps.' > {own}"),
    );
    let gathered = lab.collect().await;
    assert_eq!(
        (gathered.commits_ahead, codes(&gathered.notices)),
        (1, vec![])
    );
    assert_eq!(lab.collect().await, gathered);
    lab.push().await;
    let (content, commit) = lab
        .repo
        .committed_file(&lab.context(), &own)
        .await
        .expect("is read")
        .expect("is committed");
    assert_eq!(Some(commit), gathered.head);
    let old = "learnings/old.md";
    let found = lab.repo.committed_file(&lab.context(), old).await;
    assert_eq!(found.expect("is read"), None);
    let session = lab.session;
    let began = session.0.get_timestamp().expect("a version 7").to_unix().0;
    let date = sh(&kb, &format!("date -u -d @{began} +%F"));
    assert_eq!(
        content,
        format!(
            "---\nsession: {session}\nworker: bob\ndate: {date}\ntitle: Retry\n---\n\nIt helps.\n"
        )
    );
    let remote = format!("git --git-dir=remote.git show {}:{own}", lab.repo.branch);
    assert_eq!(lab.sh(&remote), content.trim_end());
}

#[tokio::test]
async fn the_newest_learnings_are_those_that_came_last_to_the_base_and_are_still_there() {
    let seed = format!(
        "{BASE}
         git checkout -q -b ff-vwm/1 && echo 1 > learnings/session-1.md && git add . && git commit -qm 1
         git checkout -q -b ff-vwm/2 main && echo 2 > learnings/session-2.md && echo 2 > learnings/gone.md && git add . && git commit -qm 2
         git checkout -q main && git merge -q --no-ff -m two ff-vwm/2 && git merge -q --no-ff -m one ff-vwm/1
         git rm -q learnings/gone.md && echo r > learnings/README.md && mkdir learnings/sub && echo s > learnings/sub/s.md
         git add . && git commit -qm tidy && git push -q ../remote.git main"
    );
    let lab = Lab::with(&seed, RepositoryRole::KnowledgeBase, true);
    let newest = async |most| {
        let newest = lab.repo.newest_learnings(&lab.context(), most).await;
        newest.expect("lists")
    };
    assert!(newest(9).await.is_empty(), "nothing is prepared");
    lab.prepare().await;
    assert_eq!(
        newest(9).await,
        [
            "learnings/session-1.md",
            "learnings/session-2.md",
            "learnings/old.md",
            "learnings/CLAUDE.md"
        ]
    );
    assert_eq!(newest(1).await, ["learnings/session-1.md"]);
}
