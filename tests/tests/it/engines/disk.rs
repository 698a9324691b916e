//! A session whose disk is full: nothing that was promised is lost, and it is said what to do.

use std::process::Command;

use rustix::process::Signal;
use serde_json::json;
use vwm_api::{SessionId, SessionStatus, TurnStatus};
use vwm_tests::{Disk, World, kill, within};

use super::{end, reason};

/// More than is left of the journal's last page on a disk that is full.
fn page() -> String {
    "x".repeat(8 << 10)
}

/// A suspended session whose journal is on a small disk of its own; the next prompt resumes it.
async fn small() -> (World, Disk, SessionId) {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let rules = json!([{"when": "talk", "steps": [
        {"text": "one "}, {"text": page(), "hold": "mid"}, {"text": " three"}]}]);
    let engine = world.agent(json!({"rules": rules}));
    world.worker(json!({"engine": engine})).await;
    let session = world.session("bob", None).await.id;
    world.ask(session, "hello").await;
    let harness = world.harness(session);
    kill(harness, Signal::KILL);
    world.gone(harness).await;
    world.reaches(session, SessionStatus::Suspended).await;
    let (state, aside) = (world.volume(session).state(), world.folder().join("state"));
    copy(&state, &aside);
    let disk = Disk::at(&state, 1 << 20);
    copy(&aside, &state);
    (world, disk, session)
}

/// Copies what is in a folder into another one.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    let copied = Command::new("cp")
        .args(["--archive", "--no-target-directory"])
        .args([from, to])
        .status()
        .expect("there is cp");
    assert!(copied.success());
}

async fn is_told(world: &World, session: SessionId) {
    reason(world, session, "the full disk to be told", |reason| {
        reason.is_some_and(|reason| reason.contains("make room on its disk"))
    })
    .await;
}

#[tokio::test]
async fn what_an_engine_says_while_the_disk_is_full_waits_and_is_told_whole() {
    let (world, disk, session) = small().await;
    let full = async {
        within("the agent", world.model.held("mid")).await;
        disk.fill();
        world.model.release("mid");
        is_told(&world, session).await;
        disk.free();
    };
    let (answer, ()) = tokio::join!(world.ask(session, "talk"), full);
    assert_eq!(answer.response, format!("one {} three", page()));
    let events = world.events_until_turn_ends(session, 2).await;
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..).take(seqs.len()).collect::<Vec<_>>());
    reason(&world, session, "all to be well", |reason| reason.is_none()).await;
}

#[tokio::test]
async fn a_prompt_to_a_full_disk_reaches_no_engine_before_it_can_be_journaled() {
    let (world, disk, session) = small().await;
    world.ask(session, "one more").await;
    disk.fill();
    let full = async {
        is_told(&world, session).await;
        disk.free();
    };
    let again = format!("again {}", page());
    let (answer, ()) = tokio::join!(world.ask(session, &again), full);
    assert_eq!(end(&answer), (TurnStatus::Complete, None), "{answer:?}");
    let recalled = world.ask(session, "RECALL").await.response;
    let asked = json!(["hello", "one more", again, "RECALL"]);
    assert_eq!(recalled, format!("recall: {asked}"));
}
