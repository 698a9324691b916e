//! Crashes: server, harness and engine die at every moment, alone and together, and nothing is lost, doubled or left behind.

mod end;
mod fencing;
mod harness;
mod sent;
mod server;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use vwm_api::harness::{Entry, Happened, Record};
use vwm_api::{
    Answer, Event, EventBody, NativeId, Resume, Session, SessionId, SessionStatus, TurnId,
    TurnStatus,
};
use vwm_client::ClientError;
use vwm_tests::{World, is_alive, kill, until, within};

use rustix::process::Signal;

/// A world with the worker `bob`, whose agent plays these rules.
async fn world_of(rules: Value) -> World {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let engine = world.agent(json!({"rules": rules}));
    world.worker(json!({"engine": engine})).await;
    world
}

/// Likewise; the agent counts its starts in `starts`, and begins once there is a file `open` in the workspace.
async fn world_of_late_agents(rules: Value) -> World {
    let world = World::start(json!({})).await;
    let engine = world.late_agent(json!({"rules": rules})).await;
    world.worker(json!({"engine": engine})).await;
    world
}

/// A prompt on its way, under a key by which it can be asked again.
fn asking(
    world: &World,
    session: SessionId,
    prompt: &str,
    key: &str,
) -> JoinHandle<Result<Answer, ClientError>> {
    let (client, prompt) = (world.client().idempotent(key), world.prompt(prompt));
    tokio::spawn(async move { client.prompt(session, &prompt).await })
}

async fn answer_of(asking: JoinHandle<Result<Answer, ClientError>>) -> Answer {
    let answered = within("the answer", asking)
        .await
        .expect("it is not stopped");
    answered.expect("the prompt is answered")
}

/// The server went away under a prompt: whoever asked is told to ask again.
async fn is_told_to_ask_again(asking: JoinHandle<Result<Answer, ClientError>>) {
    let answered = within("the loss", asking).await.expect("it is not stopped");
    let error = answered.expect_err("the server is gone");
    assert!(error.is_passing(), "{error}");
}

/// Waits until a session is as wanted.
async fn becomes(
    world: &World,
    id: SessionId,
    what: &str,
    wanted: impl Fn(&Session) -> bool,
) -> Session {
    until(what, async || {
        let session = world.client().session(id).await.expect("it is known");
        wanted(&session).then_some(session)
    })
    .await
}

/// Kills the session's harness, and waits until it is gone.
async fn kill_harness(world: &World, id: SessionId) {
    let pid = world.harness(id);
    kill(pid, Signal::KILL);
    world.gone(pid).await;
}

async fn all_gone(pids: &[u32]) {
    until("all processes to be gone", async || {
        pids.iter().all(|pid| !is_alive(*pid)).then_some(())
    })
    .await;
}

/// A file of the workspace; empty when there is none.
fn file(world: &World, id: SessionId, path: &str) -> String {
    std::fs::read_to_string(world.volume(id).workspace().join(path)).unwrap_or_default()
}

fn put_file(world: &World, id: SessionId, path: &str) {
    std::fs::write(world.volume(id).workspace().join(path), "").expect("writes");
}

/// The whole records of a session's journal.
fn records(world: &World, id: SessionId) -> Vec<Record> {
    let path = world.volume(id).state().join("journal");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map_while(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Waits until the journal has such a record.
async fn journaled(world: &World, id: SessionId, what: &str, wanted: impl Fn(&Entry) -> bool) {
    until(what, async || {
        records(world, id)
            .iter()
            .any(|record| wanted(&record.entry))
            .then_some(())
    })
    .await;
}

fn accepted(entry: &Entry) -> Option<TurnId> {
    match entry {
        Entry::Accepted { order } => Some(order.turn),
        _ => None,
    }
}

fn native_ids(world: &World, id: SessionId) -> Vec<NativeId> {
    let entries = records(world, id).into_iter().map(|record| record.entry);
    entries
        .filter_map(|entry| match entry {
            Entry::Event {
                event: Happened::Native(native),
                ..
            } => Some(native),
            _ => None,
        })
        .collect()
}

/// The events from the first to the end of the n-th turn, which have neither a hole nor a repetition.
async fn whole_events(world: &World, id: SessionId, turns: usize) -> Vec<Event> {
    let events = world.events_until_turn_ends(id, turns).await;
    assert_eq!(seqs(&events), (1..=seqs(&events).len()).collect::<Vec<_>>());
    events
}

fn seqs(events: &[Event]) -> Vec<usize> {
    events
        .iter()
        .map(|event| usize::try_from(event.seq).expect("a number"))
        .collect()
}

fn texts(events: &[Event]) -> Vec<&str> {
    let mut texts = Vec::new();
    for event in events {
        if let EventBody::Text(text) = &event.body {
            texts.push(text.as_str());
        }
    }
    texts
}

fn resumes(events: &[Event]) -> Vec<Resume> {
    let resume = |event: &Event| match &event.body {
        EventBody::Start(start) => Some(start.resume),
        _ => None,
    };
    events.iter().filter_map(resume).collect()
}

fn moves(events: &[Event]) -> Vec<SessionStatus> {
    let to = |event: &Event| match &event.body {
        EventBody::Status { to, .. } => Some(*to),
        _ => None,
    };
    events.iter().filter_map(to).collect()
}

/// How it ended and why, for programs.
fn end_of(answer: &Answer) -> (TurnStatus, Option<&str>) {
    (
        answer.status,
        answer.error.as_ref().map(|error| error.code.as_str()),
    )
}
