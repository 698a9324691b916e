//! Branches: the session's own, those that the agent goes astray to, and the base that moves.

use serde_json::json;
use vwm_tests::Repository;

use super::{branch, files, messages, notices, shell, world_of_bob};

const OTHER: &str = "git -c core.hooksPath=/dev/null checkout --quiet -b other";

#[tokio::test]
async fn whatever_lies_in_the_tree_is_committed_and_pushed() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[
        ("kept.md", "kept\n"),
        ("changed.md", "before\n"),
        ("deleted.md", "x\n"),
        (".gitignore", "*.log\n"),
    ]);
    let base = project.tip("main");
    let id = world.session("bob", Some(&project)).await.id;
    let work = "cd session_repo; echo after > changed.md; rm deleted.md; echo new > new.md; echo noise > build.log; \
                mkdir -p deep/er; echo d > deep/er/d.md; ln -s kept.md link; echo run > tool.sh; chmod +x tool.sh";
    shell(&world, id, work).await;
    // A team member pushes meanwhile.
    project.commit("main", &[("theirs.md", "theirs\n")]);
    let moved = project.tip("main");
    world.end(id).await;
    let own = branch(id);
    assert_eq!(
        files(&project, &own),
        [
            ".gitignore",
            "changed.md",
            "deep/er/d.md",
            "kept.md",
            "link",
            "new.md",
            "tool.sh"
        ]
    );
    assert_eq!(project.file(&own, "changed.md").as_deref(), Some("after\n"));
    assert_eq!(project.git(&["rev-parse", &format!("{own}^")]).trim(), base);
    assert_eq!(
        (project.tip("main"), files(&project, "main").len()),
        (moved, 5)
    );
    let author = project.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>", &own]);
    assert_eq!(author, "bob <vwm@localhost>, VWM <vwm@localhost>\n");
    let modes = project.git(&[
        "ls-tree",
        "--format=%(objectmode) %(path)",
        &own,
        "link",
        "tool.sh",
    ]);
    assert_eq!(modes, "120000 link\n100755 tool.sh\n");
}

#[tokio::test]
async fn the_hook_keeps_the_agent_on_its_branch_and_refuses_nothing_else() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    let id = world.session("bob", Some(&project)).await.id;
    let own = branch(id);
    let refused = format!(
        "this session works on the branch {own}, and only that branch is pushed: stay on it and commit here"
    );
    for tries in [
        "git checkout -b other",
        "git switch -c another",
        "git switch main",
    ] {
        let said = shell(
            &world,
            id,
            &format!("cd session_repo; {tries} && exit 1; git symbolic-ref --short HEAD"),
        )
        .await;
        assert!(said.contains(&refused), "{tries}: {said}");
        assert_eq!(said.lines().last(), Some(own.as_str()));
    }
    let work = "cd session_repo; echo b > b.md; git add .; git commit --quiet -m b; echo c > c.md; git add .; git commit --quiet -m c; \
                git rebase --quiet --force-rebase HEAD~1; git reset --quiet --soft HEAD~1; git commit --quiet -m c2; git branch kept HEAD~1; \
                git stash list; git tag t; git commit --quiet --amend -m c3; git merge --quiet kept; git symbolic-ref --short HEAD";
    let said = shell(&world, id, work).await;
    assert_eq!(said.lines().last(), Some(own.as_str()));
    world.end(id).await;
    assert_eq!(messages(&project, &own), ["c3", "b"]);
    assert_eq!(notices(&world, id).await, []);
}

#[tokio::test]
async fn commits_on_another_branch_or_on_none_become_the_sessions() {
    for leave in [OTHER, "git checkout --quiet --detach"] {
        let world = world_of_bob(json!({})).await;
        let project = Repository::with(&[("a.md", "a\n")]);
        let id = world.session("bob", Some(&project)).await.id;
        let work = format!(
            "cd session_repo; {leave}; echo b > b.md; git add .; git commit --quiet -m b; echo c > c.md"
        );
        shell(&world, id, &work).await;
        world.end(id).await;
        let own = branch(id);
        assert_eq!(project.branches(), ["main", &own]);
        assert_eq!(
            messages(&project, &own),
            [format!("Leftovers of session {id}"), "b".into()]
        );
        assert_eq!(files(&project, &own), ["a.md", "b.md", "c.md"]);
        let elsewhere = if leave == OTHER {
            "HEAD stood on other"
        } else {
            "HEAD stood on no branch"
        };
        let told = format!(
            "the branch {own} has everything now: {elsewhere}, and the branch was moved there"
        );
        assert_eq!(
            notices(&world, id).await,
            [("branch_restored".to_owned(), told)]
        );
    }
}

#[tokio::test]
async fn commits_beside_the_sessions_branch_are_bundled_and_none_is_lost() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    let id = world.session("bob", Some(&project)).await.id;
    let work = format!(
        "cd session_repo; echo mine > mine.md; git add .; git commit --quiet -m mine; {OTHER} HEAD~1; \
         echo astray > astray.md; git add .; git commit --quiet -m astray; echo loose > loose.md"
    );
    shell(&world, id, &work).await;
    world.end(id).await;
    let own = branch(id);
    assert_eq!(project.branches(), ["main", &own]);
    // What nobody had committed lay in the way of nothing, and is in both.
    assert_eq!(
        messages(&project, &own),
        [format!("Leftovers of session {id}"), "mine".into()]
    );
    assert_eq!(files(&project, &own), ["a.md", "loose.md", "mine.md"]);
    let told = notices(&world, id).await;
    let codes: Vec<_> = told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["commits_bundled", "branch_restored"], "{told:?}");
    assert_eq!(
        told[1].1,
        format!("the branch {own} is where the working tree stands again: HEAD stood on other")
    );
    // What was astray, committed or not, is in the bundle that outlives the session.
    let bundle = super::kept::blob(&world, b"# v");
    let reader = Repository::with(&[("a.md", "a\n")]);
    let fetch = ["fetch", "--quiet", &project.url(), "main"];
    let _ = reader.git(&fetch);
    let path = bundle.to_str().expect("a name");
    let _ = reader.git(&["fetch", "--quiet", path, "+refs/*:refs/kept/*"]);
    let refs = reader.git(&["for-each-ref", "--format=%(refname)", "refs/kept"]);
    let all = reader.git(&["log", "--format=%s", "--all", "--glob=refs/kept"]);
    assert!(all.contains("astray"), "{refs}\n{all}");
    let tips: Vec<_> = refs.lines().collect();
    assert!(
        tips.iter()
            .any(|tip| reader.file(tip, "loose.md").as_deref() == Some("loose\n")),
        "{refs}"
    );
}

#[tokio::test]
async fn two_sessions_push_in_any_order() {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let world = world_of_bob(json!({"workerRepoUrl": knowledge.url()})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    let first = world.session("bob", Some(&project)).await.id;
    let second = world.session("bob", Some(&project)).await.id;
    for id in [first, second] {
        let work =
            format!("echo {id} > session_repo/a.md; echo {id} > worker_repo/learnings/same.md");
        shell(&world, id, &work).await;
    }
    world.end(second).await;
    world.end(first).await;
    let worker = world
        .client()
        .worker_by_name("bob")
        .await
        .expect("he is there")
        .id;
    for id in [first, second] {
        let text = format!("{id}\n");
        assert_eq!(project.file(&branch(id), "a.md"), Some(text.clone()));
        let own = format!("ff-vwm/{worker}-{id}");
        assert_eq!(knowledge.file(&own, "learnings/same.md"), Some(text));
    }
    assert_eq!(project.branches().len(), 3);
    assert_eq!(knowledge.branches().len(), 3);
}
