//! A session's life as long as it may be: it sleeps and wakes, its time runs out, it does not start, it ends, and nothing of it is left.

mod broken;
mod commands;
mod fifty;
mod idle;
mod leftovers;
mod long;
mod time;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::volume::JobFile;
use vwm_api::{
    Event, EventBody, NewSession, Repository as SessionRepository, Session, SessionId,
    SessionStatus,
};
use vwm_client::EventStream;
use vwm_tests::{Repository, World, until, within};

/// A world with bob: `slow` holds until its gate is open, anything else plays its own script.
async fn world_of_bob(differs: Value) -> World {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let slow = json!([{"write": ["session_repo/slow.txt", "begun\n"]}, {"hold": "gate"}, {"text": "late"}]);
    let mut bob =
        json!({"engine": world.agent(json!({"rules": [{"when": "slow", "steps": slow}]}))});
    let (Value::Object(all), Value::Object(more)) = (&mut bob, differs) else {
        panic!("a worker is an object")
    };
    all.extend(more);
    world.worker(bob).await;
    world
}

/// The next server of this world has these flags; harnesses go on.
fn next_server(world: &mut World, flags: &[&str]) {
    world.take_server().stop();
    world.start_server(flags);
}

/// A prompt that makes the agent run a script of its shell.
fn shell(script: &str) -> String {
    let steps = json!([{"shell": format!("exec 2>&1; set -e; {script}")}, {"text": "done"}]);
    format!("SCRIPT: {steps}")
}

/// Makes a session with a time of so many seconds.
async fn session_for(world: &World, seconds: u32, repository: Option<&Repository>) -> SessionId {
    let new = NewSession {
        worker_name: Some("bob".to_owned()),
        timeout: Some(seconds),
        repository: repository.map(|repository| SessionRepository {
            url: repository.url(),
            branch: "main".to_owned(),
        }),
        ..NewSession::default()
    };
    let session = world.client().create_session(&new).await;
    let session = session.expect("the session is made");
    assert_eq!(session.timeout, seconds);
    world.reaches(session.id, SessionStatus::Active).await.id
}

/// Waits until a session stands somewhere, whatever it passes on the way.
async fn stands(world: &World, id: SessionId, wanted: SessionStatus) -> Session {
    let client = world.client();
    let what = format!("session {id} to be {}", wanted.as_str());
    until(&what, async || {
        let session = client.session(id).await.expect("it is known");
        (session.status == wanted).then_some(session)
    })
    .await
}

/// The events of a stream up to one.
async fn up_to(stream: &mut EventStream, is_last: impl Fn(&EventBody) -> bool) -> Vec<Event> {
    within("the session's events", async {
        let mut events: Vec<Event> = Vec::new();
        while !events.last().is_some_and(|event| is_last(&event.body)) {
            let event = stream.next().await.expect("the stream goes on");
            events.push(event.expect("the event is one"));
        }
        events
    })
    .await
}

/// All that a session tells up to its end.
async fn told(world: &World, id: SessionId) -> Vec<Event> {
    let mut stream = world.client().events(id, 0);
    up_to(&mut stream, |body| moves_to(body, SessionStatus::Ended)).await
}

fn moves_to(body: &EventBody, status: SessionStatus) -> bool {
    matches!(body, EventBody::Status { to, .. } if *to == status)
}

/// Where its events moved a session, and why.
fn moves(events: &[Event]) -> Vec<(SessionStatus, Option<&str>)> {
    let moved = |event: &Event| matches!(&event.body, EventBody::Status { from, to, .. } if *from != Some(*to));
    let moves = events.iter().filter(|event| moved(event));
    let told = moves.filter_map(|event| match &event.body {
        EventBody::Status { to, reason, .. } => Some((*to, reason.as_deref())),
        _ => None,
    });
    told.collect()
}

/// The sentences of the notices of that code.
fn notices(events: &[Event], wanted: &str) -> Vec<String> {
    let notice = |event: &Event| match &event.body {
        EventBody::Notice { code, message } if code == wanted => Some(message.clone()),
        _ => None,
    };
    events.iter().filter_map(notice).collect()
}

/// The number of the job that a session has, or had last.
fn generation(world: &World, id: SessionId) -> i64 {
    let file = std::fs::read(world.volume(id).job_file()).expect("a job was there");
    let job: JobFile = serde_json::from_slice(&file).expect("the job file is whole");
    job.generation
}

/// All that stands below a folder: names, rights, contents, and where links lead.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(each) = folders.pop() {
        for entry in std::fs::read_dir(each).expect("a folder") {
            let path = entry.expect("an entry").path();
            let about = path.symlink_metadata().expect("it is there");
            let holds = if about.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if about.is_symlink() {
                let to = std::fs::read_link(&path).expect("a link");
                to.into_os_string().into_encoded_bytes()
            } else {
                std::fs::read(&path).expect("a file")
            };
            let name = path.strip_prefix(folder).expect("it is below").to_owned();
            found.insert(name, (about.permissions().mode(), holds));
        }
    }
    found
}
