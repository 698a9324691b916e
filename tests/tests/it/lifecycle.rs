//! Sessions from their beginning to their end: statuses, branches, settings, repositories of every kind.

mod branches;
mod kept;
mod kinds;
mod remotes;
mod statuses;
mod wall;
mod workers;
mod workspace;

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::{Event, EventBody, SessionId, SessionStatus};
use vwm_tests::{Repository, World, scripted_agent, within};

/// A world with bob, whose prompts bring their own scripts.
async fn world_of_bob(differs: Value) -> World {
    let world = World::start(json!({})).await;
    let mut bob = json!({"engine": scripted_agent()});
    let (Value::Object(all), Value::Object(more)) = (&mut bob, differs) else {
        panic!("a worker is an object")
    };
    all.extend(more);
    world.worker(bob).await;
    world
}

/// Has the agent run a shell script in its workspace, and returns what came out; one that fails fails the test.
async fn shell(world: &World, id: SessionId, script: &str) -> String {
    let steps = json!([{"shell": format!("exec 2>&1; set -e; {script}")}, {"text": "done"}]);
    let answer = world.ask(id, &format!("SCRIPT: {steps}")).await;
    assert_eq!(answer.response, "done");
    let turn = Some(answer.request_id);
    let events = events_until(world, id, |event| {
        event.request_id == turn && event.body.ends_turn()
    });
    let mut of_turn = events.await.into_iter().rev();
    let result = of_turn.find_map(|event| match event.body {
        EventBody::ToolResult(result) => Some(result),
        _ => None,
    });
    let result = result.expect("a shell command has a result");
    assert!(!result.is_error, "{script}: {}", result.output);
    let output = result.output["output"].as_str();
    output.unwrap_or_default().to_owned()
}

/// Everything that an ended session told.
async fn told(world: &World, id: SessionId) -> Vec<Event> {
    let is_last = |event: &Event| {
        matches!(
            event.body,
            EventBody::Status {
                to: SessionStatus::Ended,
                ..
            }
        )
    };
    events_until(world, id, is_last).await
}

async fn events_until(
    world: &World,
    id: SessionId,
    is_last: impl Fn(&Event) -> bool,
) -> Vec<Event> {
    within("the session's events", async {
        let mut stream = world.client().events(id, 0);
        let mut events = Vec::new();
        while !events.last().is_some_and(&is_last) {
            let event = stream.next().await.expect("the stream goes on");
            events.push(event.expect("the event is one"));
        }
        events
    })
    .await
}

/// The notices of an ended session: code and sentence. What was pushed is told of every session, and left out here.
async fn notices(world: &World, id: SessionId) -> Vec<(String, String)> {
    let notice = |event: Event| match event.body {
        EventBody::Notice { code, message } if code != "pushed" => Some((code, message)),
        _ => None,
    };
    told(world, id)
        .await
        .into_iter()
        .filter_map(notice)
        .collect()
}

/// The session's own branch.
fn branch(id: SessionId) -> String {
    format!("session-{id}")
}

/// The files of a branch, sorted.
fn files(repository: &Repository, branch: &str) -> Vec<String> {
    let list = repository.git(&["ls-tree", "-r", "--name-only", branch]);
    list.lines().map(str::to_owned).collect()
}

/// The messages of a branch's commits that `main` has not, newest first.
fn messages(repository: &Repository, branch: &str) -> Vec<String> {
    let range = format!("main..{branch}");
    let list = repository.git(&["log", "--format=%s", &range]);
    list.lines().map(str::to_owned).collect()
}
