//! Engines as they are: silent, loud, stopped, deaf, too many of them, on a full disk. A turn ends, and the session goes on.

mod disk;
mod loud;
mod resident;
mod secrets;
mod silent;
mod stopped;

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::{
    Answer, Event, EventBody, Prompt, Session, SessionId, SubsessionId, TurnId, TurnStatus,
};
use vwm_tests::{World, scripted_agent, until, within};

/// A world whose server is started with these arguments, with the worker `bob`, whose prompts bring their own scripts.
async fn world(more: &[&str]) -> World {
    let world = World::start_with(json!({}), |command| {
        command.args(more);
    })
    .await;
    world.worker(json!({"engine": scripted_agent()})).await;
    world
}

/// A prompt that makes the agent play these steps.
fn steps(steps: Value) -> String {
    format!("SCRIPT: {steps}")
}

/// Asks in one conversation, and waits for the answer.
async fn ask_in(world: &World, session: &Session, talk: SubsessionId, prompt: &str) -> Answer {
    let prompt = Prompt {
        subsession_id: Some(talk),
        ..world.prompt(prompt)
    };
    let client = world.client();
    within("the answer", client.prompt(session.id, &prompt))
        .await
        .expect("the prompt is taken")
}

/// Asks with a time of so many seconds.
async fn ask_for(world: &World, session: SessionId, seconds: u32, prompt: &str) -> Answer {
    let prompt = Prompt {
        timeout: Some(seconds),
        ..world.prompt(prompt)
    };
    within("the answer", world.client().prompt(session, &prompt))
        .await
        .expect("the prompt is taken")
}

/// The events of one turn, up to its last.
async fn events_of(world: &World, session: SessionId, turn: TurnId) -> Vec<Event> {
    within("the turn's last event", async {
        let mut all = world.client().events(session, 0);
        let mut own: Vec<Event> = Vec::new();
        while own.last().is_none_or(|event| !event.body.ends_turn()) {
            let event = all.next().await.expect("the stream goes on");
            let event = event.expect("the event is one");
            if event.request_id == Some(turn) {
                own.push(event);
            }
        }
        own
    })
    .await
}

/// The sentences of the notices of that code.
fn notices(events: &[Event], wanted: &str) -> Vec<String> {
    let notice = |event: &Event| match &event.body {
        EventBody::Notice { code, message } if code == wanted => Some(message.clone()),
        _ => None,
    };
    events.iter().filter_map(notice).collect()
}

/// How it ended and why, for programs.
fn end(answer: &Answer) -> (TurnStatus, Option<&str>) {
    let code = answer.error.as_ref().map(|error| error.code.as_str());
    (answer.status, code)
}

/// The pid that a file of the workspace holds, once it does.
async fn pid(world: &World, session: SessionId, file: &str) -> u32 {
    let text = world.written(session, file).await;
    text.trim().parse().expect("a pid")
}

/// Waits until a session's reason is as wanted.
async fn reason(
    world: &World,
    session: SessionId,
    what: &str,
    wanted: impl Fn(Option<&str>) -> bool,
) {
    until(what, async || {
        let session = world.client().session(session).await.expect("it is known");
        wanted(session.status_reason.as_deref()).then_some(())
    })
    .await;
}

/// The most memory that a process ever held, in MiB.
fn peak_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("the kernel tells it") >> 10
}

/// An agent in shell that does this in its first turn, and behaves in all others, also after it was started again.
fn speaker(script: &str) -> Value {
    let talk = format!(
        r#"
        say() {{ printf '%s\n' "$1"; }}
        text() {{ say '{{"jsonrpc":"2.0","method":"session/update","params":{{"update":{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"'"$1"'"}}}}}}}}'; }}
        n=0
        while read -r line; do
            case $line in *'"method"'*) n=$((n + 1)) ;; esac
            case $line in
                *'"initialize"'*) say '{{"jsonrpc":"2.0","id":'$n',"result":{{"protocolVersion":1}}}}' ;;
                *'"session/new"'*) say '{{"jsonrpc":"2.0","id":'$n',"result":{{"sessionId":"s"}}}}' ;;
                *'"session/prompt"'*)
                    if [ ! -e "$HOME/spoken" ]; then : > "$HOME/spoken"
{script}
                    fi
                    text done
                    say '{{"jsonrpc":"2.0","id":'$n',"result":{{"stopReason":"end_turn"}}}}' ;;
            esac
        done"#
    );
    json!({"command": "/bin/sh", "args": ["-c", talk]})
}

/// A session whose agent does that in its first turn.
async fn spoken(script: &str) -> (World, SessionId) {
    spoken_by(&[], script).await
}

/// Likewise, on a server that is started with these arguments.
async fn spoken_by(more: &[&str], script: &str) -> (World, SessionId) {
    let world = World::start_with(json!({}), |command| {
        command.args(more);
    })
    .await;
    world.worker(json!({"engine": speaker(script)})).await;
    let session = world.session("bob", None).await.id;
    (world, session)
}
