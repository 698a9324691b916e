//! Repositories of every kind: empty, with hooks, submodules, large files, one in another.

use serde_json::json;
use vwm_tests::Repository;

use super::{branch, files, messages, notices, shell, world_of_bob};

#[tokio::test]
async fn the_branch_of_an_empty_repository_is_born_with_its_first_commit() {
    let world = world_of_bob(json!({})).await;
    for (work, expected) in [
        ("true", None),
        ("cd session_repo; echo a > a.md", Some("a\n")),
    ] {
        let project = Repository::empty();
        let id = world.session("bob", Some(&project)).await.id;
        let own = branch(id);
        let head = shell(&world, id, "cd session_repo; git symbolic-ref --short HEAD").await;
        assert_eq!(head.trim(), own);
        shell(&world, id, work).await;
        world.end(id).await;
        let pushed: Vec<_> = expected.iter().map(|_| own.clone()).collect();
        assert_eq!(project.branches(), pushed);
        assert_eq!(project.file(&own, "a.md").as_deref(), expected);
        let told = format!(
            "the session repository is empty; the branch {own} is born with its first commit"
        );
        let mut notes = vec![("empty_repository".to_owned(), told)];
        if expected.is_none() {
            let told = format!("nothing was committed, so {own} is not pushed");
            notes.push(("not_pushed".to_owned(), told));
        }
        assert_eq!(notices(&world, id).await, notes);
    }
}

#[tokio::test]
async fn hooks_of_the_working_tree_hold_nothing_up() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[
        ("a.md", "a\n"),
        (".githooks/pre-commit", "#!/bin/sh\nexit 1\n"),
    ]);
    let id = world.session("bob", Some(&project)).await.id;
    let work = "cd session_repo; chmod +x .githooks/pre-commit; for hook in pre-commit commit-msg pre-push post-index-change; do \
                cp .githooks/pre-commit .git/hooks/$hook; done; echo b > b.md; git add .; git commit -m no && exit 1; \
                git config core.hooksPath .githooks";
    shell(&world, id, work).await;
    world.end(id).await;
    let own = branch(id);
    assert_eq!(
        messages(&project, &own),
        [format!("Leftovers of session {id}")]
    );
    assert_eq!(
        files(&project, &own),
        [".githooks/pre-commit", "a.md", "b.md"]
    );
    assert_eq!(notices(&world, id).await, []);
}

#[tokio::test]
async fn submodules_and_large_files_are_told_and_left_as_they_are() {
    let world = world_of_bob(json!({})).await;
    let library = Repository::with(&[("lib.c", "int x;\n")]);
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
        "0".repeat(64)
    );
    let project = Repository::with(&[
        (
            ".gitattributes",
            "*.bin filter=lfs diff=lfs merge=lfs -text\n",
        ),
        ("model.bin", &pointer),
    ]);
    let commit = library.tip("main");
    let url = library.url();
    project.script(&format!(
        "git config -f .gitmodules submodule.lib.path lib; git config -f .gitmodules submodule.lib.url {url}; \
         git update-index --add --cacheinfo 160000,{commit},lib; git add .gitmodules; git commit --quiet -m submodule"
    ));
    let id = world.session("bob", Some(&project)).await.id;
    let found = shell(
        &world,
        id,
        "cd session_repo; ls lib; cat model.bin; echo b > b.md",
    )
    .await;
    assert_eq!(found, pointer);
    world.end(id).await;
    let own = branch(id);
    assert_eq!(
        files(&project, &own),
        [".gitattributes", ".gitmodules", "b.md", "lib", "model.bin"]
    );
    let difference = project.git(&["diff", "--name-only", "main", &own]);
    assert_eq!(difference, "b.md\n");
    let expected = [
        (
            "submodules_not_fetched",
            "the session repository has submodules; they are not fetched",
        ),
        (
            "lfs_pointers",
            "1 file(s) of the session repository are kept by git LFS; only their pointers are here",
        ),
    ];
    let expected = expected.map(|(code, message)| (code.to_owned(), message.to_owned()));
    assert_eq!(notices(&world, id).await, expected);
}

#[tokio::test]
async fn a_repository_in_the_repository_is_archived_with_its_files() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    let id = world.session("bob", Some(&project)).await.id;
    let work = "cd session_repo; echo b > b.md; git init --quiet tool; cd tool; echo c > c.md; git add .; \
                git -c user.name=t -c user.email=t@t commit --quiet -m tool; echo loose > loose.md";
    shell(&world, id, work).await;
    world.end(id).await;
    assert_eq!(files(&project, &branch(id)), ["a.md", "b.md"]);
    let told = notices(&world, id).await;
    assert!(
        told.iter().any(|(_, message)| message.contains("tool")),
        "{told:?}"
    );
    let archive = super::kept::blob_that(&world, |bytes| {
        bytes.windows(5).any(|at| at == b"loose") && bytes.get(257..262) == Some(b"ustar")
    });
    let list = std::process::Command::new("tar")
        .arg("-tf")
        .arg(archive)
        .output()
        .expect("there is tar");
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("c.md") && list.contains("loose.md"), "{list}");
}
