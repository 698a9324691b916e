//! A turn that takes hours by the clock, while whoever could cut it off has a reason to.

use std::path::Path;

use serde_json::json;
use vwm_api::{SessionStatus, TurnStatus};
use vwm_tests::{Watcher, World, until, within};

use super::{generation, stands, world_of_bob};

/// Sets the clock of server and harnesses ahead by so many seconds, and waits until the server has seen it.
async fn is_set_ahead(world: &World, clock: &Path, seconds: u32) {
    let seen = || world.log().matches("clock jumped").count();
    let before = seen();
    let written = clock.with_extension("new");
    std::fs::write(&written, seconds.to_string()).expect("writes");
    std::fs::rename(written, clock).expect("renames");
    until("the server to see it", async || {
        (seen() > before).then_some(())
    })
    .await;
}

/// Reads on until there is a sign of life.
async fn is_alive(watcher: &mut Watcher) {
    while watcher.line().await.expect("the stream goes on") != ":" {}
}

#[tokio::test]
async fn a_turn_of_two_hours_outlives_idleness_silence_and_a_restarted_server() {
    let mut world = world_of_bob(json!({"timeout": 10_800})).await;
    let clock = world.folder().join("clock");
    std::fs::write(&clock, "0").expect("writes");
    world.take_server().stop();
    let begin = |world: &mut World| {
        world.start_server_with(|command| {
            command.args(["--idle-timeout", "1"]);
            command.env("VWM_CLOCK", &clock);
        });
    };
    begin(&mut world);
    let session = world.new_session("bob", None).await;
    assert_eq!(session.timeout, 10_800);
    let id = session.id;
    // It may sleep before anybody looks.
    until("the session to be ready", async || {
        let session = world.client().session(id).await.expect("it is known");
        (session.status != SessionStatus::Pending).then_some(())
    })
    .await;
    let accepted = world.client().request_turn(id, &world.prompt("slow")).await;
    let turn = accepted.expect("it is taken").request_id;
    within("the agent", world.model.held("gate")).await;
    let (harness, job) = (world.harness(id), generation(&world, id));

    let path = format!("/sessions/{id}/requests/{turn}/events");
    let mut before = Watcher::open(&world, &path, 0).await;
    is_alive(&mut before).await;
    is_set_ahead(&world, &clock, 7200).await;
    world.take_server().kill();
    begin(&mut world);
    let mut after = Watcher::open(&world, &path, 0).await;
    is_alive(&mut after).await;
    let session = world.client().session(id).await.expect("it is known");
    assert_eq!(session.status, SessionStatus::Active);
    assert_eq!(
        (world.harness(id), generation(&world, id)),
        (harness, job),
        "the harness went on"
    );

    world.model.release("gate");
    let client = world.client();
    let answer = until("the turn to end", async || {
        let view = client.request(id, turn).await.expect("it is known");
        view.answer
    })
    .await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "late")
    );
    // Who read all the time has it to the end, too.
    while !after
        .line()
        .await
        .expect("the stream goes on")
        .contains("\"complete\"")
    {}
    stands(&world, id, SessionStatus::Suspended).await;
}
