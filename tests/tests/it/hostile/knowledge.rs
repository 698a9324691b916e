//! The knowledge base: an agent reads it, and writes nothing of it but its learnings.

use vwm_tests::Repository;

use super::{agent, could, notices, world};

fn knowledge() -> Repository {
    Repository::with(&[
        ("COMPANY.md", "# Who we are\n"),
        ("team/ROLES.md", "# Roles\n"),
        ("learnings/old.md", "# Old\n"),
    ])
}

const FILES: [&str; 3] = ["COMPANY.md", "learnings/old.md", "team/ROLES.md"];

fn files(repository: &Repository, branch: &str) -> Vec<String> {
    let list = repository.git(&["ls-tree", "-r", "--name-only", branch]);
    list.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn an_agent_writes_nothing_of_the_knowledge_base_but_its_learnings() {
    let knowledge = knowledge();
    let world = world(Some(&knowledge)).await;
    let session = world.session("bob", None).await;
    let mut tries = Vec::new();
    for (way, base) in [
        ("through the link", "$S/workspace/worker_repo"),
        ("by the real path", "$S/kb"),
        ("through its root", "/proc/self/root$S/kb"),
    ] {
        for (what, command) in [
            ("read", "cat $K/COMPANY.md"),
            (
                "learn",
                "echo x > $K/learnings/new.md && mv $K/learnings/new.md $K/learnings/newer.md && rm $K/learnings/newer.md",
            ),
            ("write", "echo x > $K/COMPANY.md"),
            ("append", "echo x >> $K/COMPANY.md"),
            ("truncate", "truncate -s 0 $K/COMPANY.md"),
            ("edit", "sed -i s/Who/What/ $K/COMPANY.md"),
            ("remove", "rm -f $K/COMPANY.md && ! [ -e $K/COMPANY.md ]"),
            ("add", "echo x > $K/new.md"),
            ("add a folder", "mkdir $K/new"),
            (
                "rename a file into the learnings",
                "mv -f $K/team/ROLES.md $K/learnings/",
            ),
            (
                "rename a learning out",
                "echo x > $K/learnings/x.md; mv $K/learnings/x.md $K/x.md",
            ),
            (
                "rename a learning over a file",
                "echo x > $K/learnings/x.md; mv -f $K/learnings/x.md $K/COMPANY.md",
            ),
            ("rename a folder", "mv $K/team $S/workspace/team"),
            (
                "rename the learnings",
                "mv $K/learnings $S/workspace/learnings",
            ),
            ("rename itself", "mv $K/. $S/workspace/kb"),
            (
                "link a file hard into the learnings",
                "ln $K/COMPANY.md $K/learnings/hard.md",
            ),
            (
                "link a file hard into the workspace",
                "ln $K/COMPANY.md $S/workspace/hard.md",
            ),
            (
                "write by a link in the learnings",
                "ln -sf ../COMPANY.md $K/learnings/soft.md; echo x > $K/learnings/soft.md",
            ),
            ("write a hook", "echo x > $K/.git/hooks/post-checkout"),
            (
                "configure",
                "git -c safe.directory='*' -C $K config core.fsmonitor x",
            ),
            (
                "commit",
                "cd $K && git -c safe.directory='*' commit -q --allow-empty -m x",
            ),
            (
                "change an object",
                "chmod -R u+w $K/.git/objects; find $K/.git/objects -type f | head -n 1 | while read f; do echo x > $f || exit 1; done",
            ),
        ] {
            tries.push((format!("{what} {way}"), format!("K={base}; {command}")));
        }
    }
    let tries: Vec<(&str, &str)> = tries
        .iter()
        .map(|(name, command)| (name.as_str(), command.as_str()))
        .collect();
    assert_eq!(
        could(&world, &session, "", &tries).await,
        [
            "read through the link",
            "learn through the link",
            "read by the real path",
            "learn by the real path",
            "read through its root",
            "learn through its root",
        ]
    );
    let kb = world.volume(session.id).knowledge_base();
    let text = |path: &str| std::fs::read_to_string(kb.join(path)).expect("it is there");
    assert_eq!(
        (text("COMPANY.md"), text("team/ROLES.md")),
        ("# Who we are\n".to_owned(), "# Roles\n".to_owned())
    );
}

#[tokio::test]
async fn a_proposal_holds_regular_learnings_and_nothing_of_what_links_lead_to() {
    let knowledge = knowledge();
    let world = world(Some(&knowledge)).await;
    let session = world.session("bob", None).await;
    let base = knowledge.tip("main");
    agent(
        &world,
        &session,
        "cd $S/kb/learnings
         echo good > good.md
         echo changed > old.md
         ln -s $D/admin.key key.md
         ln -s $D/secret.key secret.md
         ln -s ../COMPANY.md company.md
         ln -s $S/state state
         ln -s /etc/passwd passwd.md
         mkfifo pipe.md
         mkdir -p deep/deeper; echo x > deep/deeper/x.md; ln -s $D deep/data
         echo x > CLAUDE.md; echo x > Agents.md; echo x > program.sh; chmod +x program.sh
         echo x > \"$(printf 'new\\nline.md')\"
         mkdir .git; echo '[core] fsmonitor = x' > .git/config",
    )
    .await;
    world.end(session.id).await;
    let worker = world
        .client()
        .session(session.id)
        .await
        .expect("it is known")
        .worker_id;
    let branch = format!("ff-vwm/{worker}-{}", session.id);
    assert_eq!(
        files(&knowledge, &branch),
        [
            "COMPANY.md",
            "learnings/good.md",
            "learnings/old.md",
            "team/ROLES.md"
        ]
    );
    assert_eq!(
        knowledge.file(&branch, "learnings/good.md").as_deref(),
        Some("good\n")
    );
    assert_eq!(
        knowledge.file(&branch, "learnings/old.md").as_deref(),
        Some("changed\n")
    );
    let modes = knowledge.git(&["ls-tree", "-r", "--format=%(objectmode)", &branch]);
    assert!(modes.lines().all(|mode| mode == "100644"), "{modes}");
    assert_eq!(knowledge.tip("main"), base);
    // No object that the proposal brought holds what a link led to.
    let objects = knowledge.git(&["cat-file", "--batch-all-objects", "--batch", "--buffer"]);
    assert!(!objects.contains(&world.key()));
    assert!(
        notices(&world, session.id)
            .await
            .contains(&"learning_refused".to_owned())
    );
}

#[tokio::test]
async fn a_fake_tree_in_the_place_of_worker_repo_is_not_believed() {
    let knowledge = knowledge();
    let world = world(Some(&knowledge)).await;
    let session = world.session("bob", None).await;
    agent(
        &world,
        &session,
        "rm worker_repo; mkdir -p worker_repo/learnings
         echo fake > worker_repo/COMPANY.md; echo fake > worker_repo/learnings/fake.md",
    )
    .await;
    super::change_settings(&world, "Be kind.").await;
    // Prepared anew, the real one stands there again, and what stood there is kept beside it.
    let said = agent(
        &world,
        &session,
        "cat worker_repo/COMPANY.md; cat worker_repo.*/COMPANY.md",
    )
    .await;
    assert_eq!(said, "# Who we are\nfake\n");
    agent(
        &world,
        &session,
        "rm worker_repo; mkdir -p fake/learnings; echo fake > fake/learnings/fake.md; ln -s fake worker_repo",
    )
    .await;
    world.end(session.id).await;
    let worker = world
        .client()
        .session(session.id)
        .await
        .expect("it is known")
        .worker_id;
    assert_eq!(
        files(&knowledge, &format!("ff-vwm/{worker}-{}", session.id)),
        FILES
    );
}
