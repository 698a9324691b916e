//! Ends from every status, with remotes that are away.

use rustix::process::Signal;
use serde_json::json;
use vwm_api::{Learning, SessionId, SessionStatus, TelemetryRow};
use vwm_tests::{Door, Repository, Said, World, kill, no_process_of, until};

use super::{Worked, pushes_for};

async fn has(world: &World, session: SessionId, status: SessionStatus) {
    let client = world.client();
    until(
        &format!("the session to be {}", status.as_str()),
        async || {
            let session = client.session(session).await.expect("it is known");
            (session.status == status).then_some(())
        },
    )
    .await;
}

/// A world whose worker learns, and has a knowledge base.
async fn world(knowledge: &Repository) -> World {
    let world = World::start_with(json!({}), pushes_for("0")).await;
    world.allow_agents().await;
    let engine = vwm_tests::scripted_agent();
    let bob = json!({"engine": engine, "autoLearn": true, "workerRepoUrl": knowledge.url()});
    world.worker(bob).await;
    world
}

/// Ends a session that never did anything; it has nothing that could be lost.
async fn ends_with_nothing(world: &World, session: SessionId, why: &str) {
    world.end(session).await;
    let ended = world.client().session(session).await.expect("it is known");
    assert_eq!(
        (ended.status, ended.unpushed),
        (SessionStatus::Ended, vec![])
    );
    assert!(!world.volume(session).root.exists());
    no_process_of(session).await;
    let rows = world.client().telemetry(session).await.expect("telemetry");
    let told: Vec<_> = rows
        .into_iter()
        .filter_map(|row: TelemetryRow| row.learning)
        .collect();
    let skipped = Learning {
        skipped: Some(why.to_owned()),
        ..Learning::default()
    };
    assert_eq!(told, [skipped]);
    let said = world.says(&["session", "push", &session.to_string()]).await;
    let nothing = Said::new(0, "everything of session ID is pushed already\n", "");
    assert_eq!(said, nothing);
}

#[tokio::test]
async fn a_pending_session_ends_whose_remote_never_answers() {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let world = world(&knowledge).await;
    let session = world
        .new_session_at("bob", Some(&Door::silent().url))
        .await
        .id;
    has(&world, session, SessionStatus::Pending).await;
    ends_with_nothing(&world, session, "the session was not active yet").await;
}

#[tokio::test]
async fn a_session_that_would_not_start_ends_with_the_remotes_away() {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let world = world(&knowledge).await;
    project.go_away();
    let session = world.new_session("bob", Some(&project)).await.id;
    has(&world, session, SessionStatus::Failed).await;
    knowledge.go_away();
    ends_with_nothing(&world, session, "the session had failed").await;
}

#[tokio::test]
async fn a_suspended_session_learns_and_ends_with_the_remotes_away_and_its_work_is_kept() {
    let worked = Worked::new("0").await;
    worked.both(Repository::go_away);
    kill(worked.world.harness(worked.session), Signal::KILL);
    has(&worked.world, worked.session, SessionStatus::Suspended).await;
    let reasons = worked
        .urls
        .each_ref()
        .map(|url| format!("there is no repository at {url}, or it is not visible"));
    let left = worked.ends_without(&reasons).await;
    worked.both(Repository::come_back);
    worked.is_brought_by_push(&left).await;
}
