//! The provider's key: nowhere in the session, nowhere in what is kept, in nothing that is told.

use std::path::Path;

use serde_json::json;
use vwm_api::{EventBody, TurnStatus};
use vwm_tests::{Repository, World};

use super::doors::{calls, door, request};
use super::{agent, files_below, steps, world};

/// In two pieces, so that this program's own prompts do not hold it.
pub(super) const KEY: [&str; 2] = ["sk-test-provider", "key"];

fn key() -> String {
    KEY.join("-")
}

/// The files that hold the provider's key.
fn holding(folder: &Path) -> Vec<std::path::PathBuf> {
    let key = key();
    let holds = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes
            .windows(key.len())
            .any(|window| window == key.as_bytes())
    };
    files_below(folder).into_iter().filter(holds).collect()
}

pub(super) fn kept_nowhere(world: &World) {
    let all = world.data_dir();
    let all = all.parent().expect("a world is a folder");
    assert!(files_below(all).len() > 5);
    assert_eq!(holding(all), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn an_agent_finds_no_provider_key_anywhere_and_neither_does_anybody_else() {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let world = world(Some(&knowledge)).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let session = world.session("bob", Some(&project)).await;
    let places = "$S $S/workspace $S/home $S/tmp $S/kb $D $OUTSIDE /etc /tmp /var /run /dev/shm /root /home /opt";
    let processes = format!(
        "/proc/self /proc/$PPID /proc/{} /proc/{}",
        world.server_pid(),
        world.harness(session.id)
    );
    let [first, second] = KEY;
    let script = format!(
        "printf '%s-%s' {first} {second} > $TMPDIR/.pattern
         grep -rlsaF -D skip -f $TMPDIR/.pattern --exclude=.pattern {places}
         for process in {processes}; do grep -lsaF -f $TMPDIR/.pattern $process/environ $process/cmdline; done
         env | grep -aF -f $TMPDIR/.pattern
         printf '%s-%s' {first} {second} > $TMPDIR/found
         grep -rlsaF -D skip -f $TMPDIR/.pattern --exclude=.pattern $TMPDIR | wc -l
         rm $TMPDIR/.pattern $TMPDIR/found"
    );
    // One: the file that shows that something would have been found.
    assert_eq!(agent(&world, &session, &script).await.trim(), "1");
    kept_nowhere(&world);
    world.end(session.id).await;
    kept_nowhere(&world);
}

#[tokio::test]
async fn a_key_that_the_provider_repeats_in_its_errors_is_told_to_nobody() {
    let echo = format!("the key {} is not known here", key());
    let rule = |when: &str, status: u16| json!({"when": when, "steps": [{"error": status, "error_text": echo}]});
    let world =
        World::start(json!({"rules": [rule("bad key", 401), rule("bad request", 400)]})).await;
    world
        .worker(json!({"engine": {"command": vwm_tests::vwm(), "args": ["scripted", "agent"]}}))
        .await;
    let session = world.session("bob", None).await;
    let (address, path, token) = door(&world, &session).await;
    let mut errors = Vec::new();
    for (turn, prompt) in ["bad key", "bad request"].into_iter().enumerate() {
        let body = json!({"model": "m", "max_tokens": 9, "tools": [{"name": "Bash"}], "messages": [{"role": "user", "content": prompt}]});
        let line = format!("POST {path}/v1/messages");
        let call = [&address, &request(&line, &token, &body.to_string())].map(Clone::clone);
        let script = json!([{"call": call}, {"fail": "the model failed"}]);
        let answer = world.ask(session.id, &steps(&script)).await;
        assert_eq!(answer.status, TurnStatus::Failed, "{turn}");
        errors.push(answer.error.expect("it failed").message);
    }
    assert_eq!(
        errors,
        [
            "the model's provider refused the key (401: the key *** is not known here); check VWM_ANTHROPIC_API_KEY and restart the server",
            "the model's provider refused the request (400: the key *** is not known here); change the prompt or the worker's modelConfig",
        ]
    );
    // The model was asked with the key itself.
    assert!(world.model.calls().len() >= 2);
    let events = world.events_until_turn_ends(session.id, 3).await;
    let told = serde_json::to_string(&events).expect("events are JSON");
    assert!(told.contains("the key *** is not known here"));
    assert!(!told.contains(&key()));
    kept_nowhere(&world);
    world.end(session.id).await;
    kept_nowhere(&world);
}

#[tokio::test]
async fn a_token_of_the_door_is_of_no_use_after_its_harness() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let (_, _, old) = door(&world, &session).await;
    let harness = world.harness(session.id);
    vwm_tests::kill(harness, rustix::process::Signal::KILL);
    world.gone(harness).await;
    let (address, path, new) = door(&world, &session).await;
    assert_ne!(old, new);
    let line = format!("GET {path}/api/hello");
    let said = calls(&world, &session, &[(address, request(&line, &old, ""))]).await;
    assert!(said[0].contains("HTTP/1.1 401"), "{said:?}");
    let events = world.events_until_turn_ends(session.id, 3).await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event.body, EventBody::Complete(_)))
    );
}
