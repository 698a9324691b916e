//! Ctrl-C: the first one aborts the turn and ends the session, the second one leaves at once.

use serde_json::json;
use vwm_api::{SessionStatus, TurnStatus};
use vwm_client::SessionFilter;
use vwm_tests::{Repository, Running, World};

/// A world whose agent writes a file and then waits, longer than anybody who asks it to stop.
async fn world_of_a_stubborn_agent(stubborn: bool) -> (World, Repository) {
    let world = World::start(json!({})).await;
    let steps = json!([{"write": ["session_repo/half.md", "half\n"]}, {"ignore_cancel": stubborn, "hold": "gate", "text": "late"}]);
    let script = json!({"rules": [{"when": "", "steps": steps}]});
    world.allow_agents().await;
    world.worker(json!({"engine": world.agent(script)})).await;
    (world, Repository::with(&[("a.md", "a\n")]))
}

async fn outcome(world: &World, project: &Repository) {
    let client = world.client();
    let all = client
        .sessions(&SessionFilter::default())
        .await
        .expect("a list");
    let id = all.items[0].id;
    world.reaches(id, SessionStatus::Ended).await;
    let rows = client.telemetry(id).await.expect("telemetry");
    assert_eq!(
        rows.iter().map(|row| row.status).collect::<Vec<_>>(),
        [TurnStatus::Cancelled]
    );
    let branch = format!("session-{id}");
    assert_eq!(project.file(&branch, "half.md").as_deref(), Some("half\n"));
}

#[tokio::test]
async fn an_interrupt_aborts_the_turn_and_ends_the_session() {
    let (world, project) = world_of_a_stubborn_agent(false).await;
    let url = project.url();
    let mut run = Running::start(world.cli(&["run", "bob", "wait", "--repo", &url]), "").await;
    run.says("half.md").await;
    world.model.held("gate").await;
    run.interrupt();
    let said = run.end().await;
    assert_eq!((said.code, said.out.as_str()), (Some(130), ""));
    let lines: Vec<_> = said.err.lines().collect();
    assert_eq!(
        lines[1], "· aborting the turn; Ctrl-C again leaves at once",
        "{}",
        said.err
    );
    let ending = format!("· ending the session\n· pushed session-ID to {url}\n");
    assert!(said.err.ends_with(&ending), "{}", said.err);
    outcome(&world, &project).await;
}

#[tokio::test]
async fn a_second_interrupt_leaves_at_once_and_the_server_ends_the_session() {
    let (world, project) = world_of_a_stubborn_agent(true).await;
    let url = project.url();
    let mut run = Running::start(world.cli(&["run", "bob", "wait", "--repo", &url]), "").await;
    run.says("half.md").await;
    world.model.held("gate").await;
    run.interrupt();
    run.says("aborting the turn").await;
    run.interrupt();
    let left = std::time::Instant::now();
    let said = run.end().await;
    assert_eq!((said.code, said.out.as_str()), (Some(130), ""));
    // A stubborn agent has ten seconds; nobody at the terminal waits for them.
    assert!(
        left.elapsed() < std::time::Duration::from_secs(5),
        "{}",
        said.err
    );
    outcome(&world, &project).await;
}
