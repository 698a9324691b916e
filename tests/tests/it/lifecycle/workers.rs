//! Workers while sessions run: locks, revisions, roles.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use vwm_api::{Session, SessionStatus};
use vwm_client::Lock;
use vwm_tests::{Repository, Said, World, kill, scripted_agent};

use super::{branch, shell, world_of_bob};

#[tokio::test]
async fn a_running_session_keeps_its_revision_when_the_worker_changes() {
    let world = world_of_bob(json!({"agentMd": "You are careful."})).await;
    let client = world.client();
    let old = world.session("bob", None).await;
    let bob = client.worker_by_name("bob").await.expect("he is there");
    let patch = json!({"agentMd": "You are bold."});
    let changed = client.update_worker(bob.id, &patch, Lock::Respect).await;
    assert_eq!(changed.expect("he may be changed").revision, 2);
    let new = world.session("bob", None).await;
    // Also when it is prepared anew.
    let harness = world.harness(old.id);
    kill(harness, rustix::process::Signal::KILL);
    world.reaches(old.id, SessionStatus::Suspended).await;
    for (session, revision, role) in [(&old, 1, "You are careful."), (&new, 2, "You are bold.")] {
        let text = shell(&world, session.id, "cat CLAUDE.md").await;
        assert!(
            text.starts_with(&format!(
                "{role}\n\n---\n\n# Your workspace\n\nYou are bob."
            )),
            "{text}"
        );
        let now = client.session(session.id).await.expect("it is known");
        assert_eq!(now.worker_revision, revision);
    }
    let revisions = client.worker_revisions(bob.id).await.expect("revisions");
    let roles: Vec<_> = revisions
        .iter()
        .map(|it| it.definition.agent_md.as_deref())
        .collect();
    assert_eq!(roles, [Some("You are careful."), Some("You are bold.")]);
}

#[tokio::test]
async fn two_roles_in_two_sessions_and_two_sessions_of_one_role_do_not_mix() {
    let world = world_of_bob(json!({"agentMd": "You are Bob."})).await;
    let eve = json!({"name": "eve", "agentMd": "You are Eve.", "description": "Reviews.", "engine": scripted_agent()});
    world.worker(eve).await;
    let system = "Be kind.";
    world
        .client()
        .put_setting("system_agent_md", &json!(system))
        .await
        .expect("a setting");
    let bob = world.session("bob", None).await.id;
    let other = world.session("bob", None).await.id;
    let eve = world.session("eve", None).await.id;
    for (id, role) in [
        (bob, "You are Bob."),
        (other, "You are Bob."),
        (eve, "You are Eve."),
    ] {
        let text = shell(&world, id, "echo $PWD > mine; cat AGENTS.md").await;
        assert!(
            text.starts_with(&format!("{system}\n\n---\n\n{role}\n\n---\n\n")),
            "{text}"
        );
    }
    for id in [bob, other, eve] {
        let own = world.volume(id).workspace();
        assert_eq!(
            std::fs::read_to_string(own.join("mine"))
                .expect("it is there")
                .trim(),
            own.to_str().expect("a name")
        );
    }
}

#[tokio::test]
async fn a_locked_worker_stays_as_it_is_unless_an_admin_goes_over_the_lock() {
    let world = World::start(json!({})).await;
    let engine = scripted_agent();
    let file = |description: &str| {
        json!({"name": "bob", "cliType": "acp", "engine": engine, "locked": true, "description": description}).to_string()
    };
    let apply = async |description: &str, more: &[&str]| {
        let mut args = vec!["worker", "apply", "-f", "-"];
        args.extend(more);
        Said::by_with(world.cli(&args), &file(description)).await
    };
    assert_eq!(
        apply("one", &[]).await,
        Said::new(0, "worker bob created (revision 1)\n", "")
    );
    assert_eq!(
        apply("one", &[]).await,
        Said::new(0, "worker bob unchanged (revision 1)\n", "")
    );
    let sentence =
        "Worker is locked: unlock it, change or delete it with ?force=true, which is recorded";
    let told =
        format!("error: {sentence}\nhint: an admin's key may go over the lock with --force\n");
    let all_or_nothing = "error: nothing was applied\n  standard input: worker bob is locked\n";
    assert_eq!(
        apply("two", &[]).await,
        Said::new(
            1,
            "",
            told.replace(&format!("error: {sentence}\n"), all_or_nothing)
        )
    );
    assert_eq!(
        world.says(&["worker", "delete", "bob"]).await,
        Said::new(1, "", told.as_str())
    );
    let client = world.client();
    let bob = client.worker_by_name("bob").await.expect("he is there");
    for patch in [json!({"description": "three"}), json!({"locked": false})] {
        let refused = client.update_worker(bob.id, &patch, Lock::Respect).await;
        let error = refused.expect_err("he is locked");
        assert_eq!(
            (error.status(), error.to_string()),
            (Some(423), sentence.to_owned())
        );
    }
    let refused = client.delete_worker(bob.id, Lock::Respect).await;
    assert_eq!(refused.expect_err("he is locked").status(), Some(423));
    assert_eq!(client.worker(bob.id).await.expect("he is there"), bob);
    let forced = apply("two", &["--force"]).await;
    assert_eq!((forced.code, forced.err.as_str()), (Some(0), ""));
    let told = "-description: one\n+description: two\n";
    assert!(forced.out.contains(told), "{}", forced.out);
    assert!(
        forced.out.ends_with("worker bob changed (revision 2)\n"),
        "{}",
        forced.out
    );
    let deleted = world.says(&["worker", "delete", "bob", "--force"]).await;
    assert_eq!(deleted, Said::new(0, "worker bob deleted\n", ""));
}

#[tokio::test]
async fn five_sessions_of_one_worker_run_at_once_and_share_nothing() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    let sessions = join_all((0..5).map(|_| world.session("bob", Some(&project)))).await;
    let run = async |session: &Session| {
        let id = session.id;
        let script =
            format!("echo {id} > session_repo/own.md; ls session_repo; cat session_repo/own.md");
        assert_eq!(
            shell(&world, id, &script).await,
            format!("a.md\nown.md\n{id}\n")
        );
    };
    join_all(sessions.iter().map(run)).await;
    let harnesses: BTreeSet<u32> = sessions.iter().map(|it| world.harness(it.id)).collect();
    assert_eq!(harnesses.len(), 5);
    join_all(sessions.iter().map(|session| world.end(session.id))).await;
    for session in &sessions {
        let text = format!("{}\n", session.id);
        assert_eq!(project.file(&branch(session.id), "own.md"), Some(text));
    }
    assert_eq!(project.branches().len(), 6);
}
