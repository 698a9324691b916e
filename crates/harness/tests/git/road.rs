//! The good road: prepared, worked on, collected, pushed; and every step again.
use vwm_api::RepositoryRole;

use crate::kit::{Lab, TWO_COMMITS, assert_unshared, codes};

async fn the_work_reaches_the_sessions_branch(walled: bool) {
    let lab = Lab::with(TWO_COMMITS, RepositoryRole::SessionRepository, walled);
    let main = lab.remote()["main"].clone();
    assert_eq!(lab.prepare().await, []);
    assert_eq!(lab.prepare().await, []);
    lab.does("git log --oneline | grep -c . | grep -qx 2 && git rev-parse -q --verify v1 && git rev-parse -q --verify origin/main")
        .await;
    lab.does("echo mine >> a.txt && git commit -qam mine && echo new > 'left over.txt' && rm dir/b.txt && echo x > debug.log")
        .await;
    assert_eq!(lab.prepare().await, []);
    let gathered = lab.collect().await;
    assert_eq!(
        (
            gathered.commits_ahead,
            gathered.notices.as_slice(),
            gathered.files.as_slice()
        ),
        (2, &[][..], &[][..])
    );
    assert_eq!(lab.collect().await, gathered);
    let pushed = lab.push().await;
    assert_eq!(pushed.sha, gathered.head);
    assert_eq!(lab.push().await, pushed);
    assert_eq!(lab.collect().await, gathered);

    let remote = lab.remote();
    assert_eq!(
        remote.keys().collect::<Vec<_>>(),
        ["main", &lab.repo.branch]
    );
    assert_eq!(
        (&remote["main"], Some(&remote[&lab.repo.branch])),
        (&main, gathered.head.as_ref())
    );
    assert_eq!(lab.pushed_files(), ".gitignore\na.txt\nleft over.txt");
    let log = lab.sh(&format!(
        "git --git-dir=remote.git log --format='%an <%ae> %s' main..{}",
        lab.repo.branch
    ));
    let session = lab.repo.branch.trim_start_matches("session-");
    assert_eq!(
        log,
        format!("bob <vwm@localhost> Leftovers of session {session}\nbob <vwm@localhost> mine")
    );
    for objects in [
        "remote.git/objects",
        "s/state/git/session.git/objects",
        "s/workspace/session_repo/.git/objects",
    ] {
        assert_unshared(&lab.path(objects));
    }
}

#[tokio::test]
async fn the_work_reaches_the_sessions_branch_and_the_base_is_untouched() {
    the_work_reaches_the_sessions_branch(true).await;
}

#[tokio::test]
async fn likewise_where_no_wall_is() {
    the_work_reaches_the_sessions_branch(false).await;
}

#[tokio::test]
async fn a_crash_in_the_middle_of_preparing_is_made_good_by_the_next_try() {
    let lab = Lab::new(TWO_COMMITS);
    lab.sh(
        "mkdir -p s/state/git/session.git.new/objects && echo x > s/state/git/session.git.new/HEAD",
    );
    lab.prepare().await;
    // After the fetch, in the middle of the working tree.
    lab.sh("rm -r s/workspace/session_repo s/state/git/session.git.made && mkdir -p s/state/git/session.git.tree/.git && mkdir s/workspace/session_repo");
    lab.prepare().await;
    // After the tree was put in its place.
    lab.sh("rm s/state/git/session.git.made && echo kept > s/workspace/session_repo/kept.txt");
    lab.prepare().await;
    lab.does(
        "git status --short | grep -qx '?? kept.txt' && git symbolic-ref HEAD | grep -q session-",
    )
    .await;
}

#[tokio::test]
async fn a_session_that_changed_nothing_has_its_branch_at_the_bases_tip() {
    let mut lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    let gathered = lab.collect().await;
    assert_eq!(
        (gathered.commits_ahead, gathered.head.as_ref()),
        (0, lab.remote().get("main"))
    );
    lab.auto_delete = true;
    assert_eq!(lab.push().await.sha, None);
    assert_eq!(lab.remote().len(), 1);
    lab.auto_delete = false;
    assert_eq!(lab.push().await.sha, gathered.head);
    assert_eq!(lab.remote().len(), 2);
    lab.auto_delete = true;
    assert_eq!(lab.push().await.sha, None);
    assert_eq!(lab.remote().len(), 1);
}

#[tokio::test]
async fn work_that_was_merged_meanwhile_needs_no_branch() {
    let mut lab = Lab::new(TWO_COMMITS);
    lab.auto_delete = true;
    lab.prepare().await;
    lab.does("echo mine > mine.txt").await;
    lab.collect().await;
    assert!(lab.push().await.sha.is_some());
    lab.sh(&format!(
        "git --git-dir=remote.git update-ref refs/heads/main refs/heads/{}",
        lab.repo.branch
    ));
    assert_eq!(lab.push().await.sha, None);
    assert_eq!(lab.remote().into_keys().collect::<Vec<_>>(), ["main"]);
}

#[tokio::test]
async fn a_base_that_moves_and_a_second_session_disturb_nobody() {
    let lab = Lab::new(TWO_COMMITS);
    let mut other = Lab::new("");
    other.repo.url.clone_from(&lab.repo.url);
    lab.prepare().await;
    other.prepare().await;
    lab.does("echo one > a.txt").await;
    other.does("echo other > a.txt").await;
    lab.sh(
        "cd seed && echo moved > a.txt && git commit -qam moved && git push -q ../remote.git main",
    );
    let main = lab.remote()["main"].clone();
    for lab in [&other, &lab] {
        lab.collect().await;
        lab.push().await;
    }
    let remote = lab.remote();
    assert_eq!((remote.len(), &remote["main"]), (3, &main));
}

#[tokio::test]
async fn an_empty_repository_gets_the_sessions_branch_with_its_first_commit() {
    let lab = Lab::new("");
    assert_eq!(codes(&lab.prepare().await), ["empty_repository"]);
    assert_eq!(lab.prepare().await, []);
    assert_eq!(lab.collect().await.head, None);
    let pushed = lab.push().await;
    assert_eq!((pushed.sha, lab.remote().len()), (None, 0));
    lab.does("echo first > a.txt").await;
    let gathered = lab.collect().await;
    assert_eq!(
        (gathered.commits_ahead, lab.push().await.sha),
        (1, gathered.head)
    );
    assert_eq!(lab.remote().keys().collect::<Vec<_>>(), [&lab.repo.branch]);
    lab.does("git commit -q --allow-empty -m unborn && git status")
        .await;
}

#[tokio::test]
async fn submodules_and_large_files_are_told_and_not_fetched() {
    let lab = Lab::new(
        "git init -q -b main seed && cd seed
         printf '*.bin filter=lfs diff=lfs\n' > .gitattributes
         echo 'version https://git-lfs.github.com/spec/v1' > a.bin && cp a.bin b.bin && echo text > c.txt
         printf '[submodule \"sub\"]\n\tpath = sub\n\turl = https://example.org/sub.git\n' > .gitmodules
         git add . && git update-index --add --cacheinfo 160000,0123456789012345678901234567890123456789,sub
         git commit -q -m one && git push -q ../remote.git main",
    );
    let notices = lab.prepare().await;
    assert_eq!(codes(&notices), ["submodules_not_fetched", "lfs_pointers"]);
    assert!(
        notices[1].message.starts_with("2 file(s)"),
        "{}",
        notices[1].message
    );
    let gathered = lab.collect().await;
    assert_eq!((gathered.commits_ahead, gathered.notices), (0, vec![]));
}
