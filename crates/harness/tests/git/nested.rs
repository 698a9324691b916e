//! A repository nested in the repository: its files are kept, whatever it is set to do.

use crate::kit::{Lab, TWO_COMMITS, codes};

#[tokio::test]
async fn nested_repositories_are_archived_with_their_files_and_commits() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does(
        "git init -q -b n deep/tool && cd deep/tool && echo t > t.txt && printf 't.txt export-ignore\n' > .gitattributes
         git add . && git -c user.name=x -c user.email=x commit -qm tool && echo loose > loose.txt
         git init -q inner && echo i > inner/i.txt && cd ../..
         git init -q unborn && echo u > unborn/u.txt
         git init -q ignored.log && echo beside > deep/beside.txt",
    )
    .await;
    let gathered = lab.collect().await;
    assert_eq!(codes(&gathered.notices), ["nested_repository"; 4]);
    assert_eq!(lab.collect().await, gathered);
    lab.push().await;
    assert_eq!(
        lab.pushed_files(),
        ".gitignore\na.txt\ndeep/beside.txt\ndir/b.txt"
    );
    let names: Vec<&str> = gathered
        .files
        .iter()
        .map(|it| &it.name[..it.name.rfind('-').expect("a dash")])
        .collect();
    assert_eq!(
        names,
        [
            "nested-deep-tool",
            "nested-deep-tool",
            "nested-deep-tool-inner",
            "nested-unborn"
        ]
    );
    let listed = lab.sh(
        "for tar in s/state/collected/*.tar; do tar -tf $tar; done | grep -v '/$' | LC_ALL=C sort",
    );
    assert_eq!(
        listed,
        "nested-deep-tool-inner/i.txt\nnested-deep-tool/.gitattributes\nnested-deep-tool/loose.txt\nnested-deep-tool/t.txt\nnested-unborn/u.txt"
    );
    let subject = lab.sh("git clone -q --bare remote.git look.git && cd look.git && git fetch -q ../s/state/collected/*.bundle '+refs/*:refs/*' && git log --format=%s refs/vwm/kept/commits/heads/n");
    assert_eq!(subject, "tool");
}

#[tokio::test]
async fn a_nested_repository_that_the_agent_committed_as_a_name_is_archived_too() {
    let lab = Lab::new(TWO_COMMITS);
    lab.prepare().await;
    lab.does(
        "git init -q tool && echo t > tool/t.txt && cd tool && git add . && git -c user.name=x -c user.email=x commit -qm tool
         cd .. && git add . && git commit -qm 'with a name'",
    )
    .await;
    let gathered = lab.collect().await;
    assert_eq!(
        (codes(&gathered.notices), gathered.commits_ahead),
        (vec!["nested_repository"; 2], 1)
    );
    assert_eq!(
        lab.sh("tar -tf s/state/collected/nested-tool-*.tar | tail -1"),
        "nested-tool/t.txt"
    );
}

#[tokio::test]
async fn a_registered_submodule_is_kept_only_when_something_changed_in_it() {
    let lab = Lab::new(
        "git init -q -b main sub && (cd sub && echo s > s.txt && git add . && git commit -q -m sub)
         git init -q -b main seed && cd seed && git -c protocol.file.allow=always submodule add -q ../sub sub
         git commit -q -m one && git push -q ../remote.git main",
    );
    assert_eq!(codes(&lab.prepare().await), ["submodules_not_fetched"]);
    lab.sh("git clone -q sub s/workspace/session_repo/sub");
    assert_eq!(lab.collect().await.notices, []);
    lab.does("echo more > sub/more.txt").await;
    let gathered = lab.collect().await;
    assert_eq!(
        (codes(&gathered.notices)[0], gathered.commits_ahead),
        ("nested_repository", 0)
    );
    assert_eq!(
        lab.sh("tar -tf s/state/collected/nested-sub-*.tar | grep more"),
        "nested-sub/more.txt"
    );
}
