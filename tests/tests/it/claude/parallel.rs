//! Conversations and sessions side by side.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use vwm_api::{AbortRequest, SubsessionId, TurnStatus};
use vwm_tests::{Repository, World};

use super::{ask_in, end, recall, rule, session, world};

#[tokio::test]
async fn two_conversations_of_a_session_run_at_once_and_know_only_their_own() {
    let script = json!({"rules": [
        {"when": "stop here", "steps": [{"text": "never", "hold": "never"}]},
        {"when": "go on there", "steps": [{"text": "gone on", "hold": "on"}]},
        {"when": "left", "steps": [{"text": "left done", "hold": "left"}]},
        {"when": "right", "steps": [{"text": "right done", "hold": "right"}]},
    ]});
    let world = world(script).await;
    let session = session(&world, json!({}), None).await;
    let talks = [SubsessionId::new(), SubsessionId::new()];
    let both = async {
        world.model.held("left").await;
        world.model.held("right").await;
        // Both run now.
        world.model.release("left");
        world.model.release("right");
    };
    let (left, right, ()) = tokio::join!(
        ask_in(&world, &session, talks[0], "turn left"),
        ask_in(&world, &session, talks[1], "turn right"),
        both
    );
    assert_eq!((end(&left).2, end(&right).2), ("left done", "right done"));
    assert_eq!([left.subsession_id, right.subsession_id], talks);
    let (left, right) = tokio::join!(
        ask_in(&world, &session, talks[0], "RECALL"),
        ask_in(&world, &session, talks[1], "RECALL")
    );
    assert_eq!(
        [left.response, right.response],
        [
            recall(&["turn left", "RECALL"]),
            recall(&["turn right", "RECALL"])
        ]
    );

    // An abort stops one and leaves the other alone.
    let client = world.client();
    let abort = async {
        world.model.held("never").await;
        world.model.held("on").await;
        let which = AbortRequest {
            subsession_id: Some(talks[0]),
            request_id: None,
        };
        client
            .abort(session.id, &which)
            .await
            .expect("its turn is in flight");
    };
    let stopped = async {
        let (stopped, ()) = tokio::join!(ask_in(&world, &session, talks[0], "stop here"), abort);
        world.model.release("on");
        stopped
    };
    let (stopped, other) = tokio::join!(stopped, ask_in(&world, &session, talks[1], "go on there"));
    assert_eq!(end(&stopped), (TurnStatus::Cancelled, Some("aborted"), ""));
    assert_eq!(end(&other), (TurnStatus::Complete, None, "gone on"));
}

#[tokio::test]
async fn five_sessions_of_one_worker_have_workspaces_jobs_and_branches_of_their_own() {
    let world = World::start(json!({})).await;
    let (project, knowledge) = (
        Repository::with(&[("README.md", "# Project\n")]),
        Repository::with(&[("COMPANY.md", "# We\n")]),
    );
    let script = rule(
        "mark",
        json!([{"shell": "pwd > session_repo/where; ls session_repo > files"}, {"text": "marked"}]),
    );
    world.allow_agents().await;
    world
        .worker(json!({"engine": world.agent(script), "workerRepoUrl": knowledge.url()}))
        .await;

    let sessions = join_all((0..5).map(|_| world.session("bob", Some(&project)))).await;
    let answers = join_all(
        sessions
            .iter()
            .map(|session| world.ask(session.id, "mark your place")),
    )
    .await;
    for answer in &answers {
        assert_eq!(end(answer), (TurnStatus::Complete, None, "marked"));
        assert_eq!(answer.artifacts, ["files", "session_repo/where"]);
    }
    let jobs: BTreeSet<u32> = sessions
        .iter()
        .map(|session| world.harness(session.id))
        .collect();
    assert_eq!(jobs.len(), 5);

    join_all(sessions.iter().map(|session| world.end(session.id))).await;
    let mut branches: Vec<_> = sessions
        .iter()
        .map(|session| format!("session-{}", session.id))
        .collect();
    branches.push("main".to_owned());
    branches.sort();
    assert_eq!(project.branches(), branches);
    for session in &sessions {
        let own = world.volume(session.id).workspace();
        let where_it_was = project.file(&format!("session-{}", session.id), "where");
        assert_eq!(where_it_was, Some(format!("{}\n", own.display())));
    }
    let mut learnt: Vec<_> = sessions
        .iter()
        .map(|session| format!("ff-vwm/{}-{}", session.worker_id, session.id))
        .collect();
    learnt.push("main".to_owned());
    learnt.sort();
    assert_eq!(knowledge.branches(), learnt);
}
