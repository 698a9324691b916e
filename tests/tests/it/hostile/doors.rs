//! Whom an agent can call with what it finds.

use serde_json::json;
use vwm_api::Session;
use vwm_tests::World;

use super::{environment, steps, world};

/// Lets the agent say something to somebody, byte by byte; returns what came back.
async fn calls(world: &World, session: &Session, whom: &str, what: &str) -> String {
    world.ask(session.id, &steps(&json!([{"call": [whom, what]}, {"text": "called"}]))).await;
    let turns = world.client().telemetry(session.id).await.expect("it is known").len();
    let events = world.events_until_turn_ends(session.id, turns).await;
    let results = events.into_iter().filter_map(|event| match event.body {
        vwm_api::EventBody::ToolResult(result) => Some(result.output.to_string()),
        _ => None,
    });
    results.last().expect("the call came to an end")
}

fn request(line: &str, key: &str) -> String {
    let key = if key.is_empty() { String::new() } else { format!("Authorization: Bearer {key}\r\nX-Api-Key: {key}\r\n") };
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{key}X-Vwm-Generation: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
}

/// Every word that an agent finds in its environment, and none.
async fn words(world: &World, session: &Session) -> Vec<String> {
    let environment = environment(world, session).await;
    let mut words: Vec<String> = environment.into_iter().map(|(_, value)| value).filter(|value| value.is_ascii()).collect();
    words.push(String::new());
    words
}

#[tokio::test]
async fn no_word_that_an_agent_finds_opens_the_server_or_a_harness() {
    let world = world(None).await;
    let own = world.session("bob", None).await;
    let other = world.session("bob", None).await;
    let server = world.client().url().trim_start_matches("http://").to_owned();
    let words = words(&world, &own).await;
    assert!(words.len() > 5, "{words:?}");
    let mut opened = Vec::new();
    for word in &words {
        let mut whom = vec![(server.clone(), "GET /sessions"), (server.clone(), "GET /workers")];
        for session in [&own, &other] {
            let socket = world.socket(session.id).display().to_string();
            whom.extend([(socket.clone(), "GET /session"), (socket.clone(), "GET /events"), (socket, "PUT /end")]);
        }
        for (whom, line) in whom {
            let said = calls(&world, &own, &whom, &request(line, word)).await;
            // A socket that the kernel already keeps shut is as good.
            if !said.contains("401") && !said.contains("Permission denied") {
                opened.push(format!("{line} at {whom} with {word:?}: {said}"));
            }
        }
    }
    assert_eq!(opened, Vec::<String>::new());
}

#[tokio::test]
async fn a_door_opens_for_its_own_session_and_its_own_conversation_only() {
    let world = world(None).await;
    let (own, other) = (world.session("bob", None).await, world.session("bob", None).await);
    let mut doors = Vec::new();
    for session in [&own, &other] {
        let environment = environment(&world, session).await;
        let value = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).expect("it is told").1.clone();
        let url = value("ANTHROPIC_BASE_URL").trim_start_matches("http://").to_owned();
        let (address, path) = url.split_once('/').expect("a door has a path");
        doors.push((address.to_owned(), format!("/{path}"), value("ANTHROPIC_API_KEY")));
    }
    let [(own_door, own_path, own_token), (other_door, other_path, other_token)] = &doors[..] else { panic!("two doors") };
    let mut told = Vec::new();
    for (name, door, path, token) in [
        ("its own", own_door, own_path, own_token.as_str()),
        ("its own without a token", own_door, own_path, ""),
        ("its own with the other's token", own_door, own_path, other_token.as_str()),
        ("its own with the other's path", own_door, other_path, own_token.as_str()),
        ("the other's without a token", other_door, other_path, ""),
        ("the other's with its own token", other_door, other_path, own_token.as_str()),
        ("the other's with its own path and token", other_door, own_path, own_token.as_str()),
    ] {
        let said = calls(&world, &own, door, &request(&format!("GET {path}/v1/models"), token)).await;
        let status = said.split(' ').nth(1).unwrap_or_default().to_owned();
        told.push((name, status));
    }
    let status = |name, status: &str| (name, status.to_owned());
    assert_eq!(
        told,
        [
            status("its own", "200"),
            status("its own without a token", "401"),
            status("its own with the other's token", "401"),
            status("its own with the other's path", "404"),
            status("the other's without a token", "401"),
            status("the other's with its own token", "401"),
            status("the other's with its own path and token", "401"),
        ]
    );
}
