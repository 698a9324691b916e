//! An engine's side of the Messages API, as small as it can be.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use vwm_scripted::{ModelServer, Script};

pub(crate) fn start(script: Value) -> ModelServer {
    let script = Script::from_value(&script).expect("it is a script");
    ModelServer::start(script).expect("a loopback port is free")
}

/// A script with one rule, for every text.
pub(crate) fn always(steps: Value) -> Value {
    json!({"rules": [{"when": "", "steps": steps}]})
}

/// A request of a conversation that has said so far what `messages` has.
pub(crate) fn request(messages: Value, stream: bool) -> Value {
    let tools = json!([{"name": "Bash"}, {"name": "Write"}]);
    json!({"model": "m", "max_tokens": 7, "stream": stream, "messages": messages, "tools": tools})
}

pub(crate) fn prompt(text: &str, stream: bool) -> Value {
    request(json!([{"role": "user", "content": text}]), stream)
}

pub(crate) async fn post(server: &ModelServer, body: Value) -> reqwest::Result<Response> {
    let url = format!("{}/door/v1/messages?beta=true", server.url());
    let request = Client::new().post(url).header("x-api-key", "sk-test");
    within(request.json(&body).send()).await
}

/// Returns the text of an answer that is not streamed.
pub(crate) async fn text(server: &ModelServer, prompt_text: &str) -> String {
    let answer = post(server, prompt(prompt_text, false)).await;
    let answer: Value = answer.unwrap().json().await.unwrap();
    answer["content"][0]["text"].as_str().unwrap().to_owned()
}

/// Reads a body until it holds the word; the rest can be read on.
pub(crate) async fn read_to(response: &mut Response, word: &str) -> String {
    let mut text = String::new();
    while !text.contains(word) {
        let piece = within(response.chunk()).await.unwrap();
        text.push_str(std::str::from_utf8(&piece.expect("the word comes")).unwrap());
    }
    text
}

/// Reads what is left of a body, and whether it ended as it should.
pub(crate) async fn read_on(response: Response) -> (String, bool) {
    let mut pieces = response.bytes_stream();
    let mut text = String::new();
    while let Some(piece) = within(pieces.next()).await {
        match piece {
            Ok(piece) => text.push_str(std::str::from_utf8(&piece).unwrap()),
            Err(_) => return (text, false),
        }
    }
    (text, true)
}

/// Returns the data of every frame, after checking that each is `event: NAME`, `data: {"type": NAME, …}`, empty line.
pub(crate) fn frames(body: &str) -> Vec<Value> {
    let frames = body.strip_suffix("\n\n").expect("the last frame is whole");
    let frame = |frame: &str| {
        let (event, data) = frame.split_once('\n').expect("a frame has two lines");
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], event.strip_prefix("event: ").unwrap());
        data
    };
    frames.split("\n\n").map(frame).collect()
}

/// Puts the deltas of one kind together.
pub(crate) fn joined(frames: &[Value], field: &str) -> String {
    let deltas = frames.iter().filter_map(|it| it["delta"][field].as_str());
    deltas.collect()
}

pub(crate) async fn within<T>(wait: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    waited.expect("it comes within the deadline")
}
