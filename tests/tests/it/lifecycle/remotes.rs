//! A remote that refuses or is away at the end: the session waits for it, and nothing is removed.

use serde_json::json;
use vwm_api::{SessionId, SessionStatus};
use vwm_tests::{Repository, World};

use super::{branch, shell, world_of_bob};

/// Ends a session whose push cannot go well, and looks at what waits.
async fn waits_with(world: &World, id: SessionId, reason: &str) {
    world.client().end_session(id).await.expect("it is asked");
    let reason = format!(
        "{} is not pushed yet, nothing is removed, and it is tried again: {reason}",
        branch(id)
    );
    let reason = world
        .reason_that_begins(id, &format!("{reason} (since "))
        .await;
    let session = world.client().session(id).await.expect("it is known");
    assert_eq!(session.status, SessionStatus::Ending);
    let told = world.says(&["session", "show", &id.to_string()]).await;
    let masked = vwm_tests::without_ids(&format!("ending: {reason}"));
    assert!(
        told.out.contains(masked.lines().next().expect("a line")),
        "{}",
        told.out
    );
    let work = world.volume(id).workspace().join("session_repo/work.md");
    assert_eq!(
        std::fs::read_to_string(work).expect("it is there"),
        "work\n"
    );
}

#[tokio::test]
async fn a_remote_that_refuses_the_push_is_asked_again_until_it_takes_it() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    let id = world.session("bob", Some(&project)).await.id;
    shell(&world, id, "echo work > session_repo/work.md").await;
    project.refuse_pushes();
    let (url, own) = (project.url(), branch(id));
    world.client().end_session(id).await.expect("it is asked");
    let beginning = format!(
        "{own} is not pushed yet, nothing is removed, and it is tried again: {url} refused the branch {own}; \
         see what it says, change its rules or the branch: this week is frozen; "
    );
    let reason = world.reason_that_begins(id, &beginning).await;
    assert!(reason.contains("pre-receive hook declined"), "{reason}");
    assert!(
        world
            .volume(id)
            .workspace()
            .join("session_repo/work.md")
            .exists()
    );
    assert_eq!(project.branches(), ["main"]);
    project.take_pushes();
    let ended = world.reaches(id, SessionStatus::Ended).await;
    assert_eq!(ended.status_reason, None);
    assert_eq!(project.file(&own, "work.md").as_deref(), Some("work\n"));
}

#[tokio::test]
async fn a_remote_that_is_away_is_waited_for_also_by_a_server_that_comes_back() {
    let mut world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    let id = world.session("bob", Some(&project)).await.id;
    shell(&world, id, "echo work > session_repo/work.md").await;
    let away = project.path.with_extension("away");
    std::fs::rename(&project.path, &away).expect("moves");
    let url = project.url();
    let reason = format!(
        "there is no repository at {url}, or it is not visible; check the address and who may read it"
    );
    waits_with(&world, id, &reason).await;
    world.take_server().kill();
    world.start_server(&[]);
    waits_with(&world, id, &reason).await;
    std::fs::rename(&away, &project.path).expect("moves");
    world.reaches(id, SessionStatus::Ended).await;
    assert_eq!(
        project.file(&branch(id), "work.md").as_deref(),
        Some("work\n")
    );
}
