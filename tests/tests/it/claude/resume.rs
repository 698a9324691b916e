//! A conversation goes on, whatever was lost in between, by Claude Code's own resume.

use rustix::process::Signal;
use serde_json::json;
use vwm_api::{Resume, SessionId, SessionStatus};
use vwm_tests::{World, claude_code, kill, program};

use super::{recall, session, starts, world};

/// The one process that is the engine; a second one would be of something else, as of Node.
fn engine(world: &World, id: SessionId) -> u32 {
    let engines = world.engines(id);
    let programs: Vec<_> = engines.iter().filter_map(|pid| program(*pid)).collect();
    let claude = claude_code().canonicalize().expect("it is there");
    assert_eq!(programs, [claude], "{engines:?}");
    engines[0]
}

#[tokio::test]
async fn a_conversation_goes_on_in_its_process_after_a_lost_harness_and_after_a_restarted_server() {
    let mut world = world(json!({})).await;
    let session = session(&world, json!({}), None).await;
    let id = session.id;
    let mut said = vec!["the word is apricot"];
    world.ask(id, said[0]).await;
    let resident = engine(&world, id);

    said.push("RECALL in the same process");
    assert_eq!(world.ask(id, said[1]).await.response, recall(&said));
    assert_eq!(engine(&world, id), resident);

    // The harness is lost while nothing runs.
    let harness = world.harness(id);
    kill(harness, Signal::KILL);
    world.reaches(id, SessionStatus::Suspended).await;
    world.gone(resident).await;
    said.push("RECALL after the harness was lost");
    assert_eq!(world.ask(id, said[2]).await.response, recall(&said));
    world.reaches(id, SessionStatus::Active).await;
    assert_ne!(world.harness(id), harness);
    let resumed = engine(&world, id);

    // The server is lost; harness and engine go on.
    world.take_server().kill();
    world.start_server(&[]);
    said.push("RECALL after the server was lost");
    assert_eq!(world.ask(id, said[3]).await.response, recall(&said));
    assert_eq!(engine(&world, id), resumed);

    // Both are lost.
    world.take_server().kill();
    kill(world.harness(id), Signal::KILL);
    world.gone(resumed).await;
    world.start_server(&[]);
    said.push("RECALL after both were lost");
    assert_eq!(world.ask(id, said[4]).await.response, recall(&said));

    let events = world.events_until_turn_ends(id, 5).await;
    let resumes: Vec<_> = starts(&events).iter().map(|start| start.resume).collect();
    assert_eq!(
        resumes,
        [
            Resume::Fresh,
            Resume::Resumed,
            Resume::Resumed,
            Resume::Resumed,
            Resume::Resumed
        ]
    );
    // Nothing was asked of the model twice.
    let asked: Vec<_> = world
        .model
        .calls()
        .into_iter()
        .filter(|call| call.is_turn())
        .map(|call| call.last_user)
        .collect();
    assert_eq!(asked, said);
}
