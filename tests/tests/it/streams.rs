//! Streams under bad conditions: cut, slow, many, silent. Who reads gets every event once and in order, and costs the server little.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::json;
use vwm_api::{Event, Seq, SessionId, TurnStatus};
use vwm_client::{Client, Watched};
use vwm_tests::{Cutting, Watcher, World, within};

/// A world with the worker `bob`, whose agent says some text in so many chunks, is held, and says as many again.
async fn talkative(chunks: usize) -> World {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let text = "abcdefgh".repeat(chunks);
    let engine = world.agent(json!({"rules": [{"when": "talk", "steps": [
        {"text": text, "chunks": chunks},
        {"text": text, "chunks": chunks, "hold": "mid"}]}]}));
    world.worker(json!({"engine": engine})).await;
    world
}

/// Lengths that look like chance and are the same each time.
fn lengths(seed: usize) -> Vec<usize> {
    let mut number = seed;
    let mut next = || {
        number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        600 + (number >> 33) % 4_000
    };
    (0..22).map(|_| next()).collect()
}

/// The events of a session up to the end of its first turn.
async fn of_session(client: Client, session: SessionId) -> Vec<Event> {
    let mut stream = client.events(session, 0);
    let mut events = Vec::new();
    while !events
        .last()
        .is_some_and(|event: &Event| event.body.ends_turn())
    {
        let event = within("the next event", stream.next()).await;
        events.push(event.expect("it goes on").expect("it is an event"));
    }
    events
}

/// The events of a turn, by the call that prompts.
async fn of_prompt(client: Client, world: &World, session: SessionId) -> Vec<Event> {
    let stream = client.stream(session, &world.prompt("talk"));
    let events = within("the turn's last event", stream.collect::<Vec<_>>()).await;
    events
        .into_iter()
        .map(|event| event.expect("it is one"))
        .collect()
}

#[tokio::test]
async fn a_reader_whose_connection_is_cut_twenty_times_gets_the_same_events_as_an_undisturbed_one()
{
    let world = talkative(400).await;
    let session = world.session("bob", None).await.id;
    let of_turn = Cutting::to(&world, lengths(1)).await;
    let of_all = Cutting::to(&world, lengths(2)).await;
    let undisturbed = tokio::spawn(of_session(world.client(), session));
    let cut = tokio::spawn(of_session(of_all.client(&world), session));
    let (turns, ()) = tokio::join!(of_prompt(of_turn.client(&world), &world, session), async {
        // Half of it is read as it was, and half as it comes.
        within("the agent", world.model.held("mid")).await;
        world.model.release("mid");
    });
    let all = within("the undisturbed one", undisturbed)
        .await
        .expect("it ends");
    assert_eq!(within("the cut one", cut).await.expect("it ends"), all);
    let turn = turns.last().and_then(|event| event.request_id);
    let own: Vec<Event> = all
        .iter()
        .filter(|event| event.request_id == turn)
        .cloned()
        .collect();
    assert!(own.len() > 800, "{}", own.len());
    assert_eq!(turns, own);
    let seqs: Vec<Seq> = all.iter().map(|event| event.seq).collect();
    assert!(seqs.iter().copied().eq(1..=all.len() as Seq), "{seqs:?}");

    // And once more, when all is over.
    let later = Cutting::to(&world, lengths(3)).await;
    let watched = later
        .client(&world)
        .watch_request(session, turn.expect("it has one"), 0);
    let events = watched.filter_map(async |it| match it.expect("it goes on") {
        Watched::Event(event) => Some(event),
        Watched::Lost(_) | Watched::Back => None,
    });
    assert_eq!(within("the turn", events.collect::<Vec<_>>()).await, own);
    for road in [of_turn, of_all, later] {
        assert!(road.cuts() >= 20, "it was cut {} times", road.cuts());
    }
}

#[tokio::test]
async fn a_thousand_watchers_who_join_before_and_during_a_burst_get_it_whole() {
    const CHUNKS: usize = 300;
    let world = talkative(CHUNKS).await;
    let session = world.session("bob", None).await.id;
    let path = format!("/sessions/{session}/events");
    let mut watchers = Vec::new();
    for _ in 0..500 {
        watchers.push(Watcher::open(&world, &path, 0).await);
    }
    let asked = tokio::spawn({
        let (client, prompt) = (world.client(), world.prompt("talk"));
        async move { client.prompt(session, &prompt).await }
    });
    within("the agent", world.model.held("mid")).await;
    world.model.release("mid");
    for _ in 0..500 {
        watchers.push(Watcher::open(&world, &path, 0).await);
    }
    let answer = within("the answer", asked)
        .await
        .expect("it is not stopped");
    assert_eq!(answer.expect("it is taken").status, TurnStatus::Complete);
    let last = of_session(world.client(), session).await.len() as Seq;
    assert!(last > 2 * CHUNKS as Seq, "{last}");
    let expected: Vec<Seq> = (1..=last).collect();
    for watcher in &mut watchers {
        assert_eq!(watcher.up_to(last).await, expected);
    }
}

/// What a process holds in memory that belongs to no file, in KiB.
fn anonymous(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("it runs");
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.expect("the kernel counts it")
}

#[tokio::test]
async fn readers_that_stall_for_a_long_burst_cost_little_and_then_read_all_of_it() {
    const CHUNKS: usize = 50_000;
    const READERS: usize = 10;
    let world = talkative(CHUNKS).await;
    let session = world.session("bob", None).await.id;
    let path = format!("/sessions/{session}/events");
    let mut stalled = Vec::new();
    for _ in 0..READERS {
        stalled.push(Watcher::open(&world, &path, 0).await);
    }
    let mut live = Watcher::open(&world, &path, 0).await;
    let prompt = world
        .client()
        .request_turn(session, &world.prompt("talk"))
        .await;
    prompt.expect("it is taken");
    // By now every buffer is full: from here on a reader that stalls could only cost what is queued for it.
    let half = CHUNKS as Seq;
    live.up_to(half).await;
    let full = anonymous(world.server_pid());
    within("the agent", world.model.held("mid")).await;
    world.model.release("mid");
    live.up_to(2 * half).await;
    let grown = anonymous(world.server_pid()).saturating_sub(full);
    // What was said meanwhile is fifty times as much for all of them.
    assert!(grown < 3 * 1024, "the server grew by {grown} KiB");
    for mut watcher in stalled {
        let seqs = watcher.up_to(2 * half).await;
        assert!(seqs.into_iter().eq(1..=2 * half));
    }
}

#[tokio::test]
async fn a_turn_that_says_nothing_gives_a_sign_of_life_every_ten_seconds() {
    let world = talkative(1).await;
    let session = world.session("bob", None).await.id;
    let prompt = world
        .client()
        .request_turn(session, &world.prompt("talk"))
        .await;
    let turn = prompt.expect("it is taken").request_id;
    let path = format!("/sessions/{session}/requests/{turn}/events");
    let mut watcher = Watcher::open(&world, &path, 0).await;
    within("the agent", world.model.held("mid")).await;
    let began = Instant::now();
    while watcher.line().await.expect("the stream goes on") != ":" {}
    assert!(
        began.elapsed() < Duration::from_secs(14),
        "{:?}",
        began.elapsed()
    );
    world.model.release("mid");
    while let Some(line) = watcher.line().await {
        if line.contains(r#""type":"complete""#) {
            return;
        }
    }
    panic!("the stream ended before the turn");
}
