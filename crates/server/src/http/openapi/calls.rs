//! What holds for every call: who may ask, the parameters of its path, the failures that any call of its kind can have, the headers of
//! its answers.

use serde_json::{Map, Value, json};

use super::examples;
use super::schemas::without_null;

/// What needs no key.
const OPEN: [&str; 4] = ["/", "/health", "/ready", "/openapi.json"];

/// What a stream of events is, for whoever reads it.
const STREAM: &str = "Server-sent events. Each frame has `id:`, the event's number in its session, and `data:`, an `Event` as JSON; a comment comes at least every 10 s. A turn's last event is `complete` or `error`. Who is cut off asks again with `Last-Event-ID`.";

/// The failures that are the same everywhere: status, name, what it means.
const FAILURES: [(&str, &str, &str); 9] = [
    (
        "400",
        "Invalid",
        "The input has faults: all of them in `details`",
    ),
    ("401", "Unauthorized", "No key, or none that is known"),
    ("403", "Forbidden", "The key's role may not do this"),
    ("404", "NotFound", "There is no such thing"),
    ("408", "TooSlow", "The body came too slowly"),
    ("413", "TooLarge", "The body is too large"),
    (
        "415",
        "MediaType",
        "The body is not of a kind that is understood",
    ),
    (
        "500",
        "Internal",
        "Our fault; the server's log has the cause under `requestId`",
    ),
    (
        "503",
        "Unavailable",
        "Not now: the server stops, or cannot work",
    ),
];

/// Adds it to the whole document.
pub(super) fn complete(document: &mut Value) {
    let components = &mut document["components"];
    components["headers"] = json!({
        "RequestId": header("The request's id: the one that came in this header if it is a plain word, else a new one", "string"),
        "RetryAfter": header("In so many seconds", "integer"),
        "Authenticate": header("`Bearer`", "string"),
    });
    for (status, name, what) in FAILURES {
        let mut failure = json!({
            "description": what,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
        });
        add_headers(status, &mut failure);
        components["responses"][name] = failure;
    }
    let Value::Object(paths) = document["paths"].take() else {
        return;
    };
    let mut completed = Map::new();
    for (path, mut item) in paths {
        // The router says that a parameter may hold slashes; OpenAPI cannot.
        let path = path.replace("{*", "{");
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            complete_operation(&path, operation);
        }
        completed.insert(path, item);
    }
    document["paths"] = completed.into();
}

fn complete_operation(path: &str, operation: &mut Value) {
    let is_open = OPEN.contains(&path);
    operation["security"] = if is_open {
        json!([])
    } else {
        json!([{"key": []}, {"keyHeader": []}])
    };
    let given = match operation["parameters"].take() {
        Value::Array(given) => given,
        _ => Vec::new(),
    };
    let has_body = operation.get("requestBody").is_some();
    let has_input = has_body || !given.is_empty();
    let mut parameters: Vec<Value> = names(path).map(of_path).collect();
    let is_found = !parameters.is_empty();
    parameters.extend(given.into_iter().map(|mut parameter| {
        // What is left out is not sent, and never sent as null.
        parameter["schema"] = without_null(parameter["schema"].take());
        parameter
    }));
    operation["parameters"] = parameters.into();
    if let Some(body) = operation.get_mut("requestBody") {
        if mark_bytes(body) {
            // Nothing is an empty file.
            body["required"] = false.into();
        }
        if let Some(json) = body.pointer_mut("/content/application~1json") {
            json["schema"] = without_null(json["schema"].take());
        }
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        describe(status, answer);
        mark_bytes(answer);
        add_headers(status, answer);
    }
    for (status, name, _) in FAILURES {
        let can_be = match status {
            "400" => has_input,
            "401" | "403" => !is_open,
            "404" => is_found,
            "408" | "413" | "415" => has_body,
            "503" => !is_open || path == "/ready",
            _ => true,
        };
        if can_be && operation["responses"].get(status).is_none() {
            operation["responses"][status] =
                json!({"$ref": format!("#/components/responses/{name}")});
        }
    }
    if let Some(answers) = operation["responses"].as_object_mut() {
        answers.sort_keys();
    }
}

/// Says of bytes that they are no list of numbers, and returns whether there are any.
fn mark_bytes(body: &mut Value) -> bool {
    let content = body.pointer_mut("/content/application~1octet-stream");
    content.is_some_and(|content| {
        content["schema"] = json!({"type": "string", "format": "binary"});
        true
    })
}

/// Says what an answer is where its handler does not.
fn describe(status: &str, answer: &mut Value) {
    let stream = answer.pointer_mut("/content/text~1event-stream");
    let is_stream = stream.is_some();
    if let Some(stream) = stream {
        stream["example"] = examples::FRAMES.into();
    }
    if answer["description"]
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        let what = match status {
            _ if is_stream => STREAM,
            "201" => "It is made",
            "202" => "It is accepted, and goes on by itself",
            "204" => "It is done",
            _ => "The answer",
        };
        answer["description"] = what.into();
    }
}

fn add_headers(status: &str, answer: &mut Value) {
    let mut add = |name: &str, header: &str| {
        answer["headers"][name] = json!({"$ref": format!("#/components/headers/{header}")});
    };
    add("x-request-id", "RequestId");
    match status {
        "401" => add("www-authenticate", "Authenticate"),
        "429" | "503" => add("retry-after", "RetryAfter"),
        _ => {}
    }
}

fn header(what: &str, kind: &str) -> Value {
    json!({"description": what, "schema": {"type": kind}})
}

/// The names of a path's parameters.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
}

fn of_path(name: &str) -> Value {
    let (schema, what) = match name {
        "name" => (json!({"type": "string", "minLength": 1}), "The name"),
        "setting" => (
            json!({"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._-]+$"}),
            "The key",
        ),
        "path" => (
            json!({"type": "string", "minLength": 1}),
            "Relative to the workspace's root; slashes stay as they are, the rest is percent-encoded",
        ),
        _ => (json!({"type": "string", "format": "uuid"}), "The id"),
    };
    json!({"name": name, "in": "path", "required": true, "description": what, "schema": schema})
}
