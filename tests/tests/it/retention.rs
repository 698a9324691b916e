//! What goes by itself: old events, folders that nobody owns; and what is refused so that it need not.

use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::{Event, EventBody, NewSession, SessionId, SessionStatus};
use vwm_client::ClientError;
use vwm_tests::{Disk, World, scripted_agent, until, within};

async fn world_of_bob(more: &[&str]) -> World {
    let world = World::start_with(json!({}), |server| {
        server.args(more);
    })
    .await;
    world.worker(json!({"engine": scripted_agent()})).await;
    world
}

fn script(steps: &[Value]) -> String {
    format!("SCRIPT: {}", json!(steps))
}

/// All events from the first one on that there is, up to one.
async fn events(world: &World, id: SessionId, is_last: impl Fn(&EventBody) -> bool) -> Vec<Event> {
    within("the session's events", async {
        let mut stream = world.client().events(id, 0);
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            let event = event.expect("the event is one");
            let is_over = is_last(&event.body);
            events.push(event);
            if is_over {
                break;
            }
        }
        events
    })
    .await
}

/// How far the events are deleted that a session had.
async fn gap(world: &World, id: SessionId) -> Option<i64> {
    let first = events(world, id, |_| true).await;
    match first.first()?.body {
        EventBody::Gap { from: 1, to } => Some(to),
        _ => None,
    }
}

#[tokio::test]
async fn a_long_session_loses_its_oldest_events_and_an_ended_one_all_and_both_are_told() {
    let mut world = world_of_bob(&[]).await;
    let id = world.session("bob", None).await.id;
    let words: Vec<Value> = (0..60).map(|n| json!({"text": format!("{n} ")})).collect();
    world.ask(id, &script(&words)).await;
    let all = events(&world, id, EventBody::ends_turn).await;
    let last = all.last().expect("the turn's end").seq;
    assert!(last > 40, "{last} events");

    world.take_server().stop();
    world.start_server(&["--events-max", "10"]);
    let to = until("the oldest events to go", async || gap(&world, id).await).await;
    assert_eq!(to, last - 10);
    let rest = events(&world, id, EventBody::ends_turn).await;
    assert_eq!(rest[1..], all[all.len() - 10..]);
    // The cursor of who has them is as good as it was.
    let mut current = world.client().events(id, last);
    let answer = world.ask(id, &script(&[json!({"text": "on"})])).await;
    let next = within("the next event", current.next()).await;
    let next = next.expect("there is one").expect("it is an event");
    assert_eq!(
        (next.seq, next.request_id),
        (last + 1, Some(answer.request_id))
    );

    world.end(id).await;
    world.take_server().stop();
    world.start_server(&["--events-keep", "1"]);
    until("all events to go", async || {
        let left = events(&world, id, |_| false).await;
        match left[..] {
            [
                Event {
                    body: EventBody::Gap { from: 1, to },
                    ..
                },
            ] => {
                assert!(to > last);
                Some(())
            }
            _ => None,
        }
    })
    .await;
}

/// A folder as a session's harness leaves it.
fn folder(world: &World, id: SessionId) -> PathBuf {
    let volume = world.volume(id);
    std::fs::create_dir_all(volume.state()).expect("makes it");
    std::fs::create_dir_all(volume.workspace()).expect("makes it");
    std::fs::write(volume.workspace().join("work"), "x").expect("writes");
    volume.root
}

#[tokio::test]
async fn a_start_removes_what_is_left_of_ended_sessions_and_puts_aside_what_nobody_knows() {
    let mut world = world_of_bob(&[]).await;
    let ended = world.session("bob", None).await.id;
    world.end(ended).await;
    let kept = world.session("bob", None).await.id;
    world.take_server().stop();
    let unknown = SessionId::new();
    let (of_ended, of_unknown) = (folder(&world, ended), folder(&world, unknown));
    world.start_server(&[]);
    let is_gone = async |path: &Path| {
        until("a folder to go", async || (!path.exists()).then_some(())).await;
    };
    is_gone(&of_ended).await;
    is_gone(&of_unknown).await;
    let aside = world
        .data_dir()
        .join(format!("sessions/.unknown-{unknown}"));
    assert!(aside.join("workspace/work").exists());
    let log = world.log();
    assert!(
        log.contains("the database does not know it"),
        "the log tells of it"
    );
    let doctor = world.cli(&["doctor"]).output().expect("it runs");
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        told.contains("the database does not know these sessions"),
        "{told}"
    );
    let answer = world.ask(kept, &script(&[json!({"text": "here"})])).await;
    assert_eq!(answer.response, "here");
}

#[tokio::test]
async fn a_full_disk_refuses_new_sessions_and_lets_a_turn_that_runs_end() {
    const MIB: usize = 1 << 20;
    let mut world = world_of_bob(&[]).await;
    world.take_server().stop();
    let blobs = world.data_dir().join("blobs");
    let _disk = Disk::at(&blobs, 16 * MIB as u64);
    world.start_server(&["--disk-reserve", "8388608"]);
    let id = world.session("bob", None).await.id;
    let workspace = world.volume(id).workspace();
    let waits = "touch started; until [ -e open ]; do sleep 0.01; done";
    let steps = [json!({"shell": waits}), json!({"text": "done"})];
    let (client, prompt) = (world.client(), world.prompt(&script(&steps)));
    let running = tokio::spawn(async move { client.prompt(id, &prompt).await });
    until("the turn to run", async || {
        workspace.join("started").exists().then_some(())
    })
    .await;

    let filler = blobs.join("filler");
    std::fs::write(&filler, vec![1; 12 * MIB]).expect("there is room");
    let new = NewSession {
        worker_name: Some("bob".to_owned()),
        ..NewSession::default()
    };
    let client = world.client();
    let refused = until("a new session to be refused", async || {
        match client.create_session(&new).await {
            Err(ClientError::Api { status, body, .. }) => Some((status, body.error)),
            Ok(_) => None,
            Err(error) => panic!("{error}"),
        }
    })
    .await;
    assert_eq!(refused.0, 503, "{}", refused.1);
    assert!(refused.1.contains("--disk-reserve"), "{}", refused.1);
    std::fs::write(workspace.join("open"), "").expect("writes");
    let answer = within("the running turn", running).await;
    let answer = answer.expect("it does not panic").expect("it answers");
    assert_eq!(answer.response, "done");
    let session = client.session(id).await.expect("it is known");
    assert_eq!(session.status, SessionStatus::Active);

    std::fs::remove_file(&filler).expect("it is there");
    until("new sessions to be taken again", async || {
        client.create_session(&new).await.ok()
    })
    .await;
}
