//! Bodies that nobody should send: each is refused with a sentence, wherever it is sent.

use axum::body::Body;
use http::{Method, Request};
use insta::assert_snapshot;
use vwm_api::SessionStatus;

use crate::kit::TestApp;

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let prompt = |text: &str| format!("{{\"prompt\":\"{text}\"}}").into_bytes();
    let deep = format!(
        "{{\"prompt\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    vec![
        ("nothing but blanks", text(" ")),
        ("a half", text("{\"prompt\":\"hi\"")),
        ("two", text("{} {}")),
        ("a list", text("[]")),
        ("null", text("null")),
        ("a comma too much", text("{\"prompt\":\"hi\",}")),
        (
            "a field twice",
            text("{\"prompt\":\"hi\",\"prompt\":\"ho\"}"),
        ),
        (
            "a field twice inside",
            text("{\"value\":[{\"a\":1,\"a\":1}]}"),
        ),
        ("half a pair", prompt("\\ud800")),
        ("a line break in a string", prompt("a\nb")),
        (
            "a broken character",
            prompt("?")
                .iter()
                .map(|b| if *b == b'?' { 0xFF } else { *b })
                .collect(),
        ),
        ("10,000 brackets", deep.into_bytes()),
        ("1e400", text("{\"timeout\":1e400}")),
        ("NaN", text("{\"timeout\":NaN}")),
        ("a byte order mark", text("\u{FEFF}{\"prompt\":\"hi\"}")),
        ("UTF-16", utf_16("{\"prompt\":\"hi\"}")),
        ("UTF-16 with its mark", utf_16("\u{FEFF}{}")),
        ("an unknown field", text("{\"promt\":\"hi\"}")),
        ("more than 2 MiB", prompt(&"x".repeat(2 * 1024 * 1024))),
    ]
}

async fn send(app: &TestApp, method: &Method, path: &str, body: Vec<u8>) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-api-key", &app.key)
        .header("content-type", "application/json")
        .body(Body::from(body));
    let reply = app.raw(request.expect("a request")).await;
    let message = reply.body["details"][0]["message"].as_str();
    let message = message.unwrap_or_else(|| reply.text("error"));
    (reply.status.as_u16(), message.to_owned())
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_in_the_same_words_everywhere() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let of_session = |call: &str| (Method::POST, format!("/sessions/{session}/{call}"));
    let calls = [
        (Method::POST, "/sessions".to_owned()),
        of_session("prompt"),
        of_session("stream"),
        of_session("requests"),
        of_session("abort"),
        (Method::PUT, "/admin/settings/system_agent_md".to_owned()),
    ];
    let mut table = String::new();
    for (name, body) in bodies() {
        let mut answers = Vec::new();
        for (method, path) in &calls {
            let (status, message) = send(&app, method, path, body.clone()).await;
            assert!([400, 413].contains(&status), "{name} {path}: {message}");
            assert!(message.contains(' '), "{name} {path}: {message}");
            answers.push(format!("{status} {message}"));
        }
        if answers.iter().all(|answer| *answer == answers[0]) {
            table += &format!("{name}: {}\n", answers[0]);
        } else {
            table += &format!("{name}:\n");
            for ((_, path), answer) in calls.iter().zip(answers) {
                let call = path.rsplit('/').next().unwrap_or_default();
                table += &format!("    {call}: {answer}\n");
            }
        }
    }
    assert_snapshot!(table, @r#"
    nothing but blanks: 400 the body is not JSON: EOF while parsing a value at line 1 column 1
    a half: 400 the body is not JSON: EOF while parsing an object at line 1 column 14
    two: 400 the body is not JSON: trailing characters at line 1 column 4
    a list: 400 the body must be an object, and is a list
    null: 400 the body must be an object, and is null
    a comma too much: 400 the body is not JSON: trailing comma at line 1 column 16
    a field twice: 400 the body is ambiguous: the field "prompt" is there twice at line 1 column 23; keep one
    a field twice inside: 400 the body is ambiguous: the field "a" is there twice at line 1 column 20; keep one
    half a pair: 400 the body is not JSON: unexpected end of hex escape at line 1 column 18
    a line break in a string: 400 the body is not JSON: control character (\u0000-\u001F) found while parsing a string at line 2 column 0
    a broken character: 400 the body is not JSON: invalid unicode code point at line 1 column 12
    10,000 brackets: 400 the body is not JSON: recursion limit exceeded at line 1 column 137
    1e400: 400 the body is not JSON: number out of range at line 1 column 16
    NaN: 400 the body is not JSON: expected value at line 1 column 12
    a byte order mark: 400 the body begins with a byte order mark; send UTF-8 without one
    UTF-16: 400 the body is not JSON: key must be a string at line 1 column 2
    UTF-16 with its mark: 400 the body begins with a byte order mark; send UTF-8 without one
    an unknown field:
        sessions: 400 name the worker by `workerId` or `workerName`
        prompt: 400 `prompt` is missing
        stream: 400 `prompt` is missing
        requests: 400 `prompt` is missing
        abort: 400 there is no field `promt`; leave it out
        system_agent_md: 400 `value` is missing
    more than 2 MiB: 413 Payload too large: a JSON body has at most 2 MiB; send less
    "#);
    assert!(app.app.store.turns(session).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_prompt_that_asks_nothing_or_too_much_is_refused_by_each_of_the_three_calls() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let long = format!("{{\"prompt\":\"{}\"}}", "x".repeat(1024 * 1024 + 1));
    let many = format!(
        "{{\"prompt\":\"hi\",\"breadcrumbs\":[{}\"x\"]}}",
        "\"x\",".repeat(100)
    );
    let wide = format!(
        "{{\"prompt\":\"hi\",\"breadcrumbs\":[\"{}\"]}}",
        "x".repeat(501)
    );
    let bodies = [
        "{}",
        r#"{"prompt":null}"#,
        r#"{"prompt":""}"#,
        r#"{"prompt":" \n\t\u00a0"}"#,
        r#"{"prompt":"a\u0000b"}"#,
        r#"{"prompt":7}"#,
        r#"{"prompt":["hi"]}"#,
        r#"{"prompt":"hi","subsessionId":7}"#,
        r#"{"prompt":"hi","timeout":"60"}"#,
        r#"{"prompt":"hi","timeout":0}"#,
        r#"{"prompt":"hi","timeout":1e30}"#,
        r#"{"prompt":"hi","breadcrumbs":["a\u0000"]}"#,
        r#"{"prompt":"hi","onbusy":"queue"}"#,
        &many,
        &wide,
        &long,
    ];
    let mut table = String::new();
    for body in bodies {
        let mut answers = Vec::new();
        for call in ["prompt", "stream", "requests"] {
            let path = format!("/sessions/{session}/{call}");
            answers.push(send(&app, &Method::POST, &path, body.into()).await);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let (status, message) = &answers[0];
        let body: String = body.chars().take(50).collect();
        table += &format!("{body}\n    {status} {message}\n");
    }
    assert_snapshot!(table, @r#"
    {}
        400 `prompt` is missing
    {"prompt":null}
        400 `prompt` is null; give it a value
    {"prompt":""}
        400 `prompt` is empty; give it a value
    {"prompt":" \n\t\u00a0"}
        400 `prompt` is blank; ask for something
    {"prompt":"a\u0000b"}
        400 `prompt` has a NUL character; leave it out
    {"prompt":7}
        400 `prompt` must be a string, and is a number
    {"prompt":["hi"]}
        400 `prompt` must be a string, and is a list
    {"prompt":"hi","subsessionId":7}
        400 `subsessionId` must be a string, and is a number
    {"prompt":"hi","timeout":"60"}
        400 `timeout` must be a whole number, and is a string
    {"prompt":"hi","timeout":0}
        400 `timeout` must be from 1 to 604800, and is 0
    {"prompt":"hi","timeout":1e30}
        400 `timeout` must be from 1 to 604800, and is 1000000000000000000000000000000
    {"prompt":"hi","breadcrumbs":["a\u0000"]}
        400 `breadcrumbs[0]` has a NUL character; leave it out
    {"prompt":"hi","onbusy":"queue"}
        400 there is no field `onbusy`; did you mean `onBusy`?
    {"prompt":"hi","breadcrumbs":["x","x","x","x","x",
        400 there may be 100 breadcrumbs; leave some out
    {"prompt":"hi","breadcrumbs":["xxxxxxxxxxxxxxxxxxx
        400 a breadcrumb has at most 500 bytes; shorten it
    {"prompt":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        413 Payload too large: a prompt has at most 1 MiB; put the rest into a file of the workspace
    "#);
    assert!(app.app.store.turns(session).await.unwrap().is_empty());
}
