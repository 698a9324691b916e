//! A server that is asked to stop while much is open: it ends within its grace, and nothing that is in flight is lost.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use vwm_api::{Event, TurnStatus};
use vwm_client::{Client, EventStream};
use vwm_tests::{Call, Road, World, kill, until, within};

const MIB: usize = 1 << 20;

/// What a stop may take beyond its grace, on a machine with much to do.
const SLACK: Duration = Duration::from_secs(2);

/// A world whose server has so many seconds of grace, with the worker `bob`, who is held in the middle of what he says.
async fn world_of(grace: u64) -> World {
    let world = World::start_with(json!({}), |command| {
        command.args(["--grace", &grace.to_string()]);
    })
    .await;
    world.allow_agents().await;
    let talk: Value = json!([{"when": "talk", "steps": [
        {"shell": "echo run >> runs"},
        {"text": "one two ", "chunks": 2},
        {"text": "three four", "chunks": 2, "hold": "mid"}]}]);
    let engine = world.agent(json!({"rules": talk}));
    world.worker(json!({"engine": engine})).await;
    world
}

/// Stops the server as a service manager does; tells how it ended, and how long that took.
async fn stop(world: &mut World) -> (ExitStatus, Duration) {
    let server = world.take_server();
    let started = Instant::now();
    kill(server.pid(), Signal::TERM);
    let status = within("the server to stop", server.ended()).await;
    (status, started.elapsed())
}

/// A download whose client reads its head and no more.
async fn unread(world: &World, id: vwm_api::SessionId) -> Call {
    let large = vec![7; 32 * MIB];
    let uploaded = world.client().upload_bytes(id, "large", large).await;
    uploaded.expect("it is taken");
    let line = format!("GET /sessions/{id}/files/large");
    let mut download = world.begins(&line, 0).await;
    download.says("\r\n\r\n").await;
    download
}

/// Gathers what a stream gives, up to the end of a turn.
fn gathering(mut stream: EventStream) -> JoinHandle<Vec<Event>> {
    tokio::spawn(async move {
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event.expect("the stream goes on by itself"));
            if events
                .last()
                .is_some_and(|event: &Event| event.body.ends_turn())
            {
                break;
            }
        }
        events
    })
}

async fn stops_within(grace: u64) {
    let mut world = world_of(grace).await;
    let id = world.session("bob", None).await.id;
    let road = Road::to(&world).await;
    let client: Client = road.client(&world);
    let of_session = gathering(client.events(id, 0));
    let of_turn = gathering(client.stream(id, &world.prompt("talk")));
    within("the agent", world.model.held("mid")).await;
    let line = format!("POST /sessions/{id}/prompt");
    let body = json!({"prompt": "talk again"}).to_string();
    let mut waiting = world.begins(&line, body.len() as u64).await;
    waiting.send(body.as_bytes()).await.expect("it is taken");
    let telemetry = async || world.client().telemetry(id).await.expect("it is known");
    until("both turns to be known", async || {
        (telemetry().await.len() == 2).then_some(())
    })
    .await;
    let unread = unread(&world, id).await;
    let harness = world.harness(id);

    let (status, took) = stop(&mut world).await;
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(grace) + SLACK, "{took:?}");
    // It had until then to be read.
    assert!(took >= Duration::from_secs(grace), "{took:?}");
    let told = waiting.answer().await;
    assert_eq!(told.status, 503, "{}", told.text());
    assert!(unread.rest().await.len() < 32 * MIB);
    assert!(!world.data_dir().join("server.json").exists());

    world.start_server(&[]);
    road.leads_to(&world);
    world.model.release("mid");
    let of_session = within("the session's stream", of_session)
        .await
        .expect("it gathers");
    let of_turn = within("the turn's stream", of_turn)
        .await
        .expect("it gathers");
    let all = world.events_until_turn_ends(id, 2).await;
    assert_eq!(of_session, all[..of_session.len()]);
    let turn = of_turn[0].request_id;
    let expected: Vec<_> = all
        .iter()
        .filter(|event| event.request_id == turn)
        .cloned()
        .collect();
    assert_eq!(of_turn, expected);
    let seqs: Vec<usize> = all
        .iter()
        .flat_map(|event| usize::try_from(event.seq))
        .collect();
    assert_eq!(seqs, (1..=all.len()).collect::<Vec<_>>());
    let statuses: Vec<_> = telemetry_of(&world, id).await;
    assert_eq!(statuses, [TurnStatus::Complete; 2]);
    assert_eq!(world.harness(id), harness);
    let runs = world
        .client()
        .read_file(id, "runs")
        .await
        .expect("it is there");
    assert_eq!(runs, "run\nrun\n");
}

async fn telemetry_of(world: &World, id: vwm_api::SessionId) -> Vec<TurnStatus> {
    let rows = world.client().telemetry(id).await.expect("it is known");
    rows.into_iter().map(|row| row.status).collect()
}

#[tokio::test]
async fn streams_prompts_and_downloads_delay_a_stop_by_a_grace_of_a_second_at_most() {
    stops_within(1).await;
}

#[tokio::test]
async fn streams_prompts_and_downloads_delay_a_stop_by_a_grace_of_three_seconds_at_most() {
    stops_within(3).await;
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once() {
    let mut world = world_of(600).await;
    let id = world.session("bob", None).await.id;
    let unread = unread(&world, id).await;
    let server = world.take_server();
    kill(server.pid(), Signal::TERM);
    until("the server to stop", async || {
        world
            .log()
            .contains("Server stops; running turns go on")
            .then_some(())
    })
    .await;
    let started = Instant::now();
    kill(server.pid(), Signal::TERM);
    let status = within("the server to end", server.ended()).await;
    assert_eq!(status.code(), Some(130));
    assert!(started.elapsed() < SLACK, "{:?}", started.elapsed());
    assert!(unread.rest().await.len() < 32 * MIB);

    world.start_server(&[]);
    let file = world.client().read_file(id, "large").await;
    assert_eq!(file.expect("it is there").len(), 32 * MIB);
}

#[tokio::test]
async fn a_thousand_open_streams_end_with_the_server_and_hold_it_up_not_at_all() {
    const STREAMS: usize = 1000;
    let many = Rlimit {
        current: getrlimit(Resource::Nofile).maximum,
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, many).expect("it is allowed");
    let mut world = world_of(30).await;
    let id = world.session("bob", None).await.id;
    let mut streams = Vec::new();
    while streams.len() < STREAMS {
        let some = (0..50).map(async |_| {
            let mut stream = world.begins(&format!("GET /sessions/{id}/events"), 0).await;
            // The first event: from now on it waits.
            stream.says("id: 1\n").await;
            stream
        });
        streams.extend(join_all(some).await);
    }
    let (status, took) = stop(&mut world).await;
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    for rest in join_all(streams.into_iter().map(Call::rest)).await {
        // Its last chunk: it did not break off.
        assert!(rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    }
}
