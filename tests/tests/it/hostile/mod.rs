//! An agent that tries everything: whatever it runs is stopped by the wall, by the doors, or by not being believed.

mod daemons;
mod doors;
mod files;
mod git;
mod keys;
mod knowledge;
mod learning;
mod logins;
mod output;
mod secrets;
mod wall;

use std::path::PathBuf;

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::{EventBody, Session, SessionId, TurnStatus};
use vwm_tests::{Repository, World, within};

/// A world whose worker does what its prompts say, with a knowledge base of these files.
async fn world(knowledge: Option<&Repository>) -> World {
    let world = World::start(json!({})).await;
    let mut worker = json!({});
    if let Some(knowledge) = knowledge {
        worker["workerRepoUrl"] = json!(knowledge.url());
    }
    worker["engine"] = json!({"command": vwm_tests::vwm(), "args": ["scripted", "agent"]});
    world.worker(worker).await;
    world
}

/// A prompt that makes the agent play these steps.
fn steps(steps: &Value) -> String {
    format!("SCRIPT: {steps}")
}

/// Lets the agent run a shell script in its wall, in the workspace; returns what it printed.
///
/// The script knows the data directory as `$D`, its session's folder as `$S`, and a folder of the test's as `$OUTSIDE`.
async fn agent(world: &World, session: &Session, script: &str) -> String {
    let said = world.volume(session.id).tmp().join("said");
    let script = format!(
        "D={}; S={}; OUTSIDE={}\nexport D S OUTSIDE\n{{\n{script}\n}} > {} 2>&1",
        world.data_dir().display(),
        world.volume(session.id).root.display(),
        world.folder().display(),
        said.display(),
    );
    let prompt = steps(&json!([{"shell": script}, {"text": "did it"}]));
    let answer = world.ask(session.id, &prompt).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "did it"),
        "{answer:?}"
    );
    std::fs::read_to_string(said).expect("the script has run")
}

/// Lets the agent try several things by shell; returns the names of those that it could do.
async fn could(
    world: &World,
    session: &Session,
    setup: &str,
    tries: &[(&str, &str)],
) -> Vec<String> {
    let mut script = format!("{setup}\n");
    for (name, command) in tries {
        script +=
            &format!("if ( {command}\n) < /dev/null > /dev/null 2>&1; then echo {name:?}; fi\n");
    }
    script += "echo all tried";
    let said = agent(world, session, &script).await;
    let mut done: Vec<String> = said.lines().map(str::to_owned).collect();
    assert_eq!(done.pop().as_deref(), Some("all tried"), "{said}");
    done
}

/// What an agent finds in its environment.
async fn environment(world: &World, session: &Session) -> Vec<(String, String)> {
    let said = agent(world, session, "env").await;
    let pairs = said.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// All regular files below a folder.
fn files_below(folder: &std::path::Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        // What is gone by now is no file.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// Changes what the whole system is told, so that the next turn comes to a session that is prepared anew.
async fn change_settings(world: &World, text: &str) {
    let changed = world
        .client()
        .put_setting("system_agent_md", &json!(text))
        .await;
    changed.expect("the setting is taken");
}

/// The codes of all notices of a session that has ended.
async fn notices(world: &World, id: SessionId) -> Vec<String> {
    let events = world.client().events(id, 0);
    let codes = events.filter_map(async |event| match event.expect("the event is one").body {
        EventBody::Notice { code, .. } => Some(code),
        _ => None,
    });
    within("the session's last event", codes.collect()).await
}
