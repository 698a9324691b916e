//! The whole road with a scripted agent.

use serde_json::json;
use vwm_api::{EventBody, SessionStatus, TurnStatus};
use vwm_tests::{Repository, World};

#[tokio::test]
async fn a_prompt_goes_down_the_road_and_its_work_is_pushed_at_the_end() {
    let world = World::start(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let base = (project.tip("main"), knowledge.tip("main"));
    let script = json!({"rules": [{"when": "write", "steps": [{"think": "hm"}, {"write": ["session_repo/notes.md", "hello\n"]}, {"text": "done"}]}]});
    world.allow_agents().await;
    let worker = world
        .worker(json!({"engine": world.agent(script), "workerRepoUrl": knowledge.url()}))
        .await;
    let session = world.session("bob", Some(&project)).await;

    let answer = world.ask(session.id, "write notes").await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "done")
    );
    assert_eq!(answer.artifacts, ["session_repo/notes.md"]);

    world.end(session.id).await;
    let ended = world
        .client()
        .session(session.id)
        .await
        .expect("it is known");
    assert_eq!(ended.status, SessionStatus::Ended);
    let branch = format!("session-{}", session.id);
    assert_eq!(project.branches(), ["main".to_owned(), branch.clone()]);
    assert_eq!(
        project.file(&branch, "notes.md").as_deref(),
        Some("hello\n")
    );
    assert_eq!(
        knowledge.branches(),
        [
            format!("ff-vwm/{}-{}", worker.id, session.id),
            "main".to_owned()
        ]
    );
    assert_eq!((project.tip("main"), knowledge.tip("main")), base);
    assert!(!world.volume(session.id).root.exists());
}

#[tokio::test]
async fn a_second_prompt_knows_the_first_and_events_have_no_hole() {
    let world = World::start(json!({})).await;
    world
        .worker(json!({"engine": {"command": vwm_tests::vwm(), "args": ["scripted", "agent"]}}))
        .await;
    let session = world.session("bob", None).await;
    world.ask(session.id, "one").await;
    let answer = world.ask(session.id, "RECALL").await;
    assert!(answer.response.contains("one"), "{}", answer.response);
    let events = world.events_until_turn_ends(session.id, 2).await;
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(
        seqs,
        (1..=i64::try_from(seqs.len()).expect("few")).collect::<Vec<_>>()
    );
    let starts = events
        .iter()
        .filter(|event| matches!(event.body, EventBody::Start(_)))
        .count();
    assert_eq!(starts, 2);
}
