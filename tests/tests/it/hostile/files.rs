//! A workspace that an agent has made unfit: what we write in it goes nowhere else, and what we read of it ends.

use std::path::Path;

use rustix::process::{Pid, Resource, Rlimit};
use serde_json::json;
use vwm_api::{SessionStatus, TurnStatus};
use vwm_tests::Repository;

use super::{agent, change_settings, steps, world};

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it is there")
}

fn limit_descriptors(server: u32) {
    let pid = i32::try_from(server).ok().and_then(Pid::from_raw);
    let limit = Rlimit {
        current: Some(1024),
        maximum: Some(4096),
    };
    rustix::process::prlimit(pid, Resource::Nofile, limit).expect("it is ours");
}

#[tokio::test]
async fn instructions_are_never_written_through_a_link() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let outside = world.folder();
    for name in ["claude", "agents"] {
        std::fs::write(outside.join(name), "mine").expect("writes");
    }
    std::fs::create_dir(outside.join("folder")).expect("makes a folder");
    agent(
        &world,
        &session,
        "for name in CLAUDE.md AGENTS.md; do rm -f $name; ln -s $OUTSIDE/$(echo ${name%.md} | tr A-Z a-z) $name; done
         rm -rf .skills attachments; ln -s $OUTSIDE/folder .skills; ln -s $OUTSIDE/folder attachments",
    )
    .await;
    // Without its home the agent cannot keep what was said, and says so.
    let outside_home = format!("mv ~ ~.old; ln -s {}/folder ~", outside.display());
    let answer = world
        .ask(session.id, &steps(&json!([{"shell": outside_home}])))
        .await;
    assert_eq!(answer.status, TurnStatus::Failed);
    change_settings(&world, "Be kind to links.").await;
    let answer = world.ask(session.id, "still there?").await;
    assert_eq!(answer.response, "echo: still there?", "{answer:?}");
    let workspace = world.volume(session.id).workspace();
    assert!(text(&workspace.join("CLAUDE.md")).starts_with("Be kind to links."));
    let kind = workspace
        .join("CLAUDE.md")
        .symlink_metadata()
        .expect("it is there");
    assert!(kind.is_file());
    for name in ["claude", "agents"] {
        assert_eq!(text(&outside.join(name)), "mine");
    }
    let folder = std::fs::read_dir(outside.join("folder")).expect("it is there");
    assert_eq!(folder.count(), 0);
}

#[tokio::test]
async fn what_stands_in_the_way_of_preparing_is_moved_aside_and_not_lost() {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let world = world(Some(&knowledge)).await;
    let session = world.session("bob", None).await;
    agent(
        &world,
        &session,
        "for name in CLAUDE.md AGENTS.md worker_repo; do rm -f $name; mkdir $name; echo kept > $name/kept; done
         for name in .skills attachments; do rm -rf $name; echo kept > $name; done",
    )
    .await;
    change_settings(&world, "Be kind to folders.").await;
    let said = agent(&world, &session, "cat CLAUDE.md | head -n 1; cat worker_repo/COMPANY.md; ls -d .skills/ attachments/; cat worker_repo.*/kept .skills.*").await;
    assert_eq!(
        said,
        "Be kind to folders.\n# Who we are\n.skills/\nattachments/\nkept\nkept\n"
    );
    world.end(session.id).await;
}

#[tokio::test]
async fn deep_trees_and_pipes_hold_nobody_up() {
    let world = world(None).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    // As many descriptors as most machines give.
    limit_descriptors(world.server_pid());
    let session = world.session("bob", Some(&project)).await;
    let deep = "mkfifo pipe session_repo/pipe CLAUDE.new
        ln -s . loop; ln -s /dev/zero zero; ln -s $S/workspace session_repo/up
        levels=$(printf 'd/%.0s' $(seq 500))
        for top in workspace/session_repo home; do
            cd $S/$top
            for i in 1 2 3 4 5; do mkdir -p $levels && cd $levels; done
            echo x > file
        done
        cd $S/workspace; mkdir shut; echo x > shut/file; chmod 000 shut; mkdir $S/tmp/shut; echo x > $S/tmp/shut/x; chmod 000 $S/tmp/shut
        mv CLAUDE.md old; mkfifo CLAUDE.md; rm CLAUDE.new";
    agent(&world, &session, deep).await;
    change_settings(&world, "Be quick.").await;
    let answer = world
        .ask(
            session.id,
            &steps(&json!([{"write": ["made.md", "x"]}, {"text": "made"}])),
        )
        .await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "made")
    );
    assert!(
        answer.artifacts.contains(&"made.md".to_owned()),
        "{:?}",
        answer.artifacts
    );
    world.end(session.id).await;
    let ended = world
        .client()
        .session(session.id)
        .await
        .expect("it is known");
    assert_eq!(ended.status, SessionStatus::Ended);
    assert!(
        project
            .branches()
            .contains(&format!("session-{}", session.id))
    );
    // Nothing of it is left on the disk, under whatever name.
    let sessions = std::fs::read_dir(world.data_dir().join("sessions")).expect("it is there");
    assert_eq!(sessions.count(), 0);
}
