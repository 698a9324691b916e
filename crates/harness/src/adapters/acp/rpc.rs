//! The lines of JSON-RPC. Values, not types: agents differ in what they add and leave out.

use serde_json::{Value, json};

use crate::adapter::Step;

/// What a line is.
#[derive(Debug)]
pub(super) enum Heard {
    /// The answer to the request with this number.
    Answer(u64, Result<Value, Value>),
    /// The agent asks: its id, the method, the parameters.
    Request(Value, String, Value),
    /// The agent tells: the method, the parameters.
    Notification(String, Value),
    /// Nothing of the protocol.
    Other(Value),
}

pub(super) fn heard(line: String) -> Heard {
    let Ok(mut line) = serde_json::from_str::<Value>(&line) else {
        return Heard::Other(Value::String(line));
    };
    let id = line.get("id").filter(|id| !id.is_null()).cloned();
    if let Some(method) = line
        .get("method")
        .and_then(Value::as_str)
        .map(str::to_owned)
    {
        let params = line["params"].take();
        return match id {
            Some(id) => Heard::Request(id, method, params),
            None => Heard::Notification(method, params),
        };
    }
    match id.and_then(|id| id.as_u64()) {
        Some(id) if line.get("error").is_some_and(|error| !error.is_null()) => {
            Heard::Answer(id, Err(line["error"].take()))
        }
        Some(id) if line.get("result").is_some() => Heard::Answer(id, Ok(line["result"].take())),
        Some(_) | None => Heard::Other(line),
    }
}

pub(super) fn request(id: u64, method: &str, params: &Value) -> Step {
    say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

pub(super) fn notify(method: &str, params: &Value) -> Step {
    say(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
}

pub(super) fn answer(id: &Value, result: &Value) -> Step {
    say(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

pub(super) fn unknown_method(id: &Value, method: &str) -> Step {
    say(&json!({"jsonrpc": "2.0", "id": id,
        "error": {"code": -32601, "message": format!("method not found: {method}")}}))
}

fn say(line: &Value) -> Step {
    Step::Say(line.to_string())
}
