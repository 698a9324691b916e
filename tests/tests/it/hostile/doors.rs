//! Whom an agent can call with what it finds.

use serde_json::{Value, json};
use vwm_api::{EventBody, Session};
use vwm_tests::World;

use super::{environment, steps, world};

/// Lets the agent say something to somebody, one after the other; returns what came back of each.
pub(super) async fn calls(
    world: &World,
    session: &Session,
    calls: &[(String, String)],
) -> Vec<String> {
    let script: Vec<Value> = calls.iter().map(|call| json!({"call": call})).collect();
    world.ask(session.id, &steps(&json!(script))).await;
    let turns = world.client().telemetry(session.id).await;
    let turns = turns.expect("the session is known").len();
    let events = world.events_until_turn_ends(session.id, turns).await;
    let results = events.into_iter().filter_map(|event| match event.body {
        EventBody::ToolResult(result) => Some(result.output.to_string()),
        _ => None,
    });
    let mut results: Vec<String> = results.collect();
    results.split_off(results.len() - calls.len())
}

pub(super) fn request(line: &str, key: &str, body: &str) -> String {
    let key = if key.is_empty() {
        String::new()
    } else {
        format!("Authorization: Bearer {key}\r\nX-Api-Key: {key}\r\n")
    };
    let length = body.len();
    format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\n{key}X-Vwm-Generation: 1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The status of an answer.
fn status(said: &str) -> &str {
    let after = said.split_once("HTTP/1.1 ").map(|(_, after)| after);
    after.map_or(said, |after| &after[..3])
}

/// Where an engine's door is, which path is its own, and what opens it.
pub(super) async fn door(world: &World, session: &Session) -> (String, String, String) {
    let environment = environment(world, session).await;
    let value = |wanted: &str| {
        let found = environment.iter().find(|(name, _)| name == wanted);
        found.expect("it is told").1.clone()
    };
    let url = value("ANTHROPIC_BASE_URL");
    let url = url.trim_start_matches("http://");
    let (address, path) = url.split_once('/').expect("a door has a path");
    (
        address.to_owned(),
        format!("/{path}"),
        value("ANTHROPIC_API_KEY"),
    )
}

#[tokio::test]
async fn no_word_that_an_agent_finds_opens_the_server_or_a_harness() {
    let world = world(None).await;
    let own = world.session("bob", None).await;
    let other = world.session("bob", None).await;
    let environment = environment(&world, &own).await;
    let mut words: Vec<String> = environment.into_iter().map(|(_, value)| value).collect();
    words.push(String::new());
    words.push(own.id.to_string());
    assert!(words.len() > 6, "{words:?}");

    let server = world
        .client()
        .url()
        .trim_start_matches("http://")
        .to_owned();
    let mut whom = vec![
        (server.clone(), "GET /sessions"),
        (server.clone(), "GET /admin/workers"),
        (server, "GET /admin/settings"),
    ];
    for session in [&own, &other] {
        let socket = world.socket(session.id);
        assert!(socket.exists());
        let lines = ["GET /health", "GET /session", "GET /events", "PUT /end"];
        whom.extend(lines.map(|line| (socket.display().to_string(), line)));
    }
    let all: Vec<(String, String)> = words
        .iter()
        .flat_map(|word| {
            whom.iter()
                .map(move |(whom, line)| (whom.clone(), request(line, word, "")))
        })
        .collect();
    let said = calls(&world, &own, &all).await;
    // A socket that the kernel keeps shut, as newer ones do, is as good.
    let is_shut = |said: &str| status(said) == "401" || said.contains("Permission denied");
    let opened: Vec<_> = all
        .iter()
        .zip(&said)
        .filter(|(_, said)| !is_shut(said))
        .collect();
    assert!(opened.is_empty(), "{opened:#?}");
}

#[tokio::test]
async fn a_door_opens_for_its_own_session_and_its_own_conversation_only() {
    let world = world(None).await;
    let own = world.session("bob", None).await;
    let other = world.session("bob", None).await;
    let (own_door, own_path, own_token) = door(&world, &own).await;
    let (other_door, other_path, other_token) = door(&world, &other).await;
    let tries = [
        (&own_door, &own_path, own_token.as_str(), "200"),
        (&own_door, &own_path, "", "401"),
        (&own_door, &own_path, other_token.as_str(), "401"),
        (&own_door, &other_path, own_token.as_str(), "404"),
        (&own_door, &other_path, other_token.as_str(), "401"),
        (&other_door, &other_path, "", "401"),
        (&other_door, &other_path, own_token.as_str(), "401"),
        (&other_door, &own_path, own_token.as_str(), "401"),
    ];
    let asked = tries.map(|(door, path, token, _)| {
        let line = format!("GET {path}/api/hello");
        (door.clone(), request(&line, token, ""))
    });
    let said = calls(&world, &own, &asked).await;
    let told: Vec<&str> = said.iter().map(|said| status(said)).collect();
    assert_eq!(told, tries.map(|(.., status)| status));
}
