//! The file calls on the wire: what each answers to the letter, and the JSON of the listing and of the record.

use serde_json::{Value, json};
use vwm_tests::{World, scripted_agent, without_ids};

use super::{Answer, Wire, request, world};

async fn ask(world: &World, line: &str, body: &str) -> Answer {
    let mut wire = Wire::open(world).await;
    let length = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    wire.say(request(world, line, &length, body)).await;
    wire.answer().await
}

/// JSON without what differs each time.
fn shown(body: &str) -> Value {
    let mut shown: Value = serde_json::from_str(&without_ids(body)).expect("JSON");
    without_times(&mut shown);
    shown
}

fn without_times(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("20") && text.ends_with('Z') => {
            *text = "TIME".to_owned();
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        Value::Object(fields) => fields.values_mut().for_each(without_times),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn the_five_published_calls_and_ours_answer_to_the_letter() {
    let world = world().await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let id = world.session("bob", None).await.id;
    let files = format!("/sessions/{id}/files");
    // JSON is written as it came, and not understood.
    let body = "{ \"a\":1 , }\n";
    for (line, body, status) in [
        (format!("PUT {files}/notes/a.json"), body, 204),
        (format!("POST {files}/upload?path=notes%2Fb.bin"), "", 204),
        (format!("PUT {files}/gone"), "x", 204),
        (format!("DELETE {files}/gone"), "", 204),
        (format!("DELETE {files}/gone"), "", 404),
        (format!("GET {files}/notes"), "", 400),
        (format!("GET {files}/nothing"), "", 404),
        (format!("PUT {files}/../x"), "x", 400),
        (format!("PUT {files}/worker_repo/x"), "x", 403),
    ] {
        let answer = ask(&world, &line, body).await;
        assert_eq!(answer.status, status, "{line}: {}", answer.body);
        assert_eq!(answer.body.is_empty(), status == 204, "{line}");
    }
    for (line, kind) in [
        (
            format!("GET {files}/notes/a.json"),
            "text/plain; charset=utf-8",
        ),
        (
            format!("GET {files}/download/notes/a.json"),
            "application/octet-stream",
        ),
    ] {
        let answer = ask(&world, &line, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{line}");
        let kind = format!("\r\ncontent-type: {kind}\r\n");
        assert!(answer.head.contains(&kind), "{}", answer.head);
    }
    let list = ask(&world, &format!("GET {files}?path=notes"), "").await;
    let entry = |name: &str, size: i64| json!({"name": name, "path": format!("notes/{name}"), "kind": "file", "size": size, "modifiedAt": "TIME"});
    assert_eq!(
        shown(&list.body),
        json!({"path": "notes", "items": [entry("a.json", 12), entry("b.bin", 0)], "truncated": false})
    );
    let changes = ask(&world, &format!("GET /sessions/{id}/file-changes"), "").await;
    let change = |action: &str, path: &str, bytes: Value, error: Value| {
        json!({
            "id": "ID", "sessionId": "ID", "workerId": "ID", "keyId": "ID", "breadcrumbs": [], "action": action, "path": path,
            "bytes": bytes, "status": if error.is_null() { "done" } else { "failed" }, "error": error,
            "createdAt": "TIME", "completedAt": "TIME",
        })
    };
    let null = || Value::Null;
    let Value::Array(told) = shown(&changes.body) else {
        panic!("no list: {}", changes.body)
    };
    let error = |at: usize| told[at]["error"].clone();
    assert_eq!(
        told[..4],
        [
            change("write", "notes/a.json", json!(12), null()),
            change("upload", "notes/b.bin", json!(0), null()),
            change("write", "gone", json!(1), null()),
            change("delete", "gone", null(), null()),
        ]
    );
    assert_eq!(told[4], change("delete", "gone", null(), error(4)));
    assert!(error(4).is_string(), "{}", told[4]);
}
