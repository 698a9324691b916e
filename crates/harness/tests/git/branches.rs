//! An agent that leaves its branch, or breaks its tree: everything is put back, and nothing is lost.

use crate::kit::{Lab, TWO_COMMITS, codes};

#[tokio::test]
async fn the_hook_refuses_another_branch_and_nothing_else() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    for script in [
        "git switch -q -c other",
        "git checkout -q main",
        "git symbolic-ref HEAD refs/heads/x",
    ] {
        let (went_well, said) = lab.agent(script).await;
        assert!(
            !went_well && said.contains("stay on it and commit here"),
            "{script}: {said}"
        );
    }
    lab.does(
        "echo 1 > x && git add x && git commit -qm x && echo 2 > x && git commit -qam y
         git reset -q --hard HEAD~1 && git checkout -q v1 && git switch -q - && git rebase -q -f --onto v1 HEAD~1
         git worktree add -q ../further -b further && git -C ../further switch -q -c further2
         git stash list && git branch kept && git tag t && git clone -q . ../clone && git -C ../clone switch -q -c any",
    )
    .await;
}

#[tokio::test]
async fn commits_on_another_branch_that_goes_on_from_the_sessions_become_the_sessions() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("git -c core.hooksPath=/dev/null switch -q -c feature && echo f > f.txt && git add . && git commit -qm f && echo g > g.txt")
        .await;
    let notices = lab.prepare().await;
    assert_eq!(codes(&notices), ["branch_restored"]);
    assert_eq!(lab.prepare().await, []);
    lab.does(
        "git symbolic-ref HEAD | grep -q session- && git status --short | grep -qx '?? g.txt'",
    )
    .await;
    let gathered = lab.collect().await;
    assert_eq!((gathered.commits_ahead, gathered.files.len()), (2, 0));
    lab.push().await;
    assert!(lab.pushed_files().contains("f.txt\ng.txt"));
}

#[tokio::test]
async fn a_tree_that_stands_elsewhere_is_put_back_and_what_was_done_there_is_bundled() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does(
        "echo mine > mine.txt && git add . && git commit -qm mine
         git -c core.hooksPath=/dev/null switch -q -c wild v1 && echo wild > wild.txt && git add . && git commit -qm wild
         echo changed > a.txt && echo loose > loose.txt && touch .git/index.lock .git/HEAD.lock",
    )
    .await;
    let notices = lab.prepare().await;
    assert_eq!(codes(&notices), ["commits_bundled", "branch_restored"]);
    assert_eq!(lab.prepare().await, []);
    lab.does("git symbolic-ref HEAD | grep -q session- && cat mine.txt && test \"$(git status --short)\" = '?? loose.txt'").await;
    // What nobody tracked is in both places.
    let gathered = lab.collect().await;
    assert_eq!(gathered.commits_ahead, 2);
    assert_eq!(lab.collect().await, gathered);
    let [bundle] = gathered.files.as_slice() else {
        panic!("one bundle: {:?}", gathered.files)
    };
    lab.push().await;
    assert_eq!(
        lab.pushed_files(),
        ".gitignore\na.txt\ndir/b.txt\nloose.txt\nmine.txt"
    );
    let files = lab.sh(&format!(
        "git clone -q --bare remote.git look.git && cd look.git && git fetch -q {} '+refs/*:refs/*' && git for-each-ref | grep -q heads/wild
         git log --format=%s refs/vwm/stray/vwm/stray && git show refs/vwm/stray/vwm/stray:a.txt refs/vwm/stray/vwm/stray:loose.txt",
        bundle.path.display()
    ));
    assert_eq!(
        files,
        "Not committed when the session was put back on its branch\nwild\none\nchanged\nloose"
    );
}

#[tokio::test]
async fn a_detached_head_at_the_end_loses_nothing() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("git checkout -q --detach && echo d > d.txt && git add . && git commit -qm d && git checkout -q v1 && git checkout -q -")
        .await;
    let gathered = lab.collect().await;
    assert_eq!(
        (codes(&gathered.notices), gathered.commits_ahead),
        (vec!["branch_restored"], 1)
    );
    assert_eq!(lab.collect().await.head, gathered.head);
}

#[tokio::test]
async fn other_branches_and_a_stash_are_bundled_at_the_end() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does(
        "echo s > a.txt && git stash -q
         git update-ref refs/heads/idea $(git commit-tree -p HEAD -m idea 'HEAD^{tree}') && git branch same",
    )
    .await;
    let gathered = lab.collect().await;
    assert_eq!(
        (codes(&gathered.notices), gathered.commits_ahead),
        (vec!["commits_bundled"], 0)
    );
    let heads = lab.sh(&format!(
        "git bundle list-heads {} | sed 's/.* //'",
        gathered.files[0].path.display()
    ));
    assert_eq!(heads, "refs/vwm/stray/heads/idea\nrefs/vwm/stray/stash");
}

#[tokio::test]
async fn a_tree_without_its_repository_is_kept_as_files_and_made_again() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("rm -rf .git && echo mine > mine.txt && git init -q -b own && git add . && git -c user.name=x -c user.email=x commit -qm own")
        .await;
    let notices = lab.prepare().await;
    assert_eq!(
        codes(&notices),
        ["files_archived", "commits_bundled", "tree_made_again"]
    );
    lab.does("git symbolic-ref HEAD | grep -q session- && test ! -e mine.txt && cat ../session_repo.broken/mine.txt").await;
    lab.does("rm -rf .git && echo again > again.txt").await;
    let gathered = lab.collect().await;
    assert_eq!(
        (codes(&gathered.notices), gathered.commits_ahead),
        (vec!["tree_unusable", "files_archived"], 0)
    );
    assert_eq!(lab.collect().await.files, gathered.files);
    assert_eq!(lab.push().await.sha.as_ref(), lab.remote().get("main"));
    let archives: String = gathered
        .files
        .iter()
        .filter(|it| it.name.ends_with(".tar"))
        .map(|it| format!("{} ", it.path.display()))
        .collect();
    let listed = lab.sh(&format!(
        "for tar in {archives}; do tar -tf $tar; done | grep -c -e /mine.txt -e /again.txt"
    ));
    assert_eq!(listed, "2");
}

#[tokio::test]
async fn a_tree_that_the_agent_removed_is_made_again() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("cd .. && rm -rf session_repo && ln -s /etc session_repo")
        .await;
    assert_eq!(codes(&lab.collect().await.notices), ["tree_gone"]);
    assert_eq!(codes(&lab.prepare().await), ["tree_made_again"]);
    lab.does("test ! -L ../session_repo && cat dir/b.txt").await;
    assert!(std::path::Path::new("/etc/passwd").exists());
}

#[tokio::test]
async fn commits_that_have_nothing_in_common_with_the_base_are_bundled() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does("git reset -q --hard $(git commit-tree -m root 'HEAD^{tree}')")
        .await;
    let gathered = lab.collect().await;
    assert_eq!(
        codes(&gathered.notices),
        ["history_unrelated", "commits_bundled"]
    );
    assert_eq!(
        (gathered.head.as_ref(), gathered.files.len()),
        (lab.remote().get("main"), 1)
    );
    lab.does("git reset -q --hard v1").await;
    let gathered = lab.collect().await;
    assert_eq!(
        (codes(&gathered.notices), gathered.commits_ahead),
        (vec!["history_rewritten"], 0)
    );
}
