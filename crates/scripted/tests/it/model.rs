//! The model server: what it answers, how an answer can go wrong, and what it remembers of it.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use vwm_scripted::{CallKind, ModelServer, Script};

use crate::model_client::{
    always, frames, joined, post, prompt, read_on, read_to, request, start, text, within,
};

#[tokio::test]
async fn a_stream_says_thinking_text_and_tools_in_whole_frames() {
    let step = json!({"think": "hm", "text": "hello wörld", "write": ["a.txt", "né"], "chunks": 3});
    let server = start(always(json!([step])));
    let response = post(&server, prompt("go", true)).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (body, is_whole) = read_on(response).await;
    assert!(is_whole);
    let frames = frames(&body);

    let names: Vec<&str> = frames
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    let (start, delta, stop) = (
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    );
    #[rustfmt::skip]
    assert_eq!(names, [
        "message_start", "ping",
        start, delta, delta, stop,
        start, delta, delta, delta, stop,
        start, delta, delta, stop,
        "message_delta", "message_stop",
    ]);
    assert_eq!(joined(&frames, "thinking"), "hm");
    assert!(!joined(&frames, "signature").is_empty());
    assert_eq!(joined(&frames, "text"), "hello wörld");
    let input: Value = serde_json::from_str(&joined(&frames, "partial_json")).unwrap();
    assert_eq!(input, json!({"file_path": "a.txt", "content": "né"}));
    assert_eq!(frames[11]["content_block"]["name"], "Write");
    assert_eq!(frames[15]["delta"]["stop_reason"], "tool_use");
    assert_eq!(frames[15]["usage"]["output_tokens"], 89);
    let usage = &frames[0]["message"]["usage"];
    assert_eq!(usage["input_tokens"], 1250);
    assert_eq!(usage["cache_read_input_tokens"], 300);
    assert_eq!(usage["cache_creation_input_tokens"], 40);
}

#[tokio::test]
async fn steps_follow_the_ids_of_tools_also_on_another_server() {
    let script = always(json!([{"shell": "ls"}, {"text": "done", "usage": {"output": 5}}]));
    let first = post(&start(script.clone()), prompt("go", false)).await;
    let first: Value = first.unwrap().json().await.unwrap();
    let tool = &first["content"][0];
    assert_eq!(tool["input"]["command"], "ls");

    let result = json!([{"type": "tool_result", "tool_use_id": tool["id"], "content": "a.txt"}]);
    let messages = json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": result},
    ]);
    let server = start(script);
    let second = post(&server, request(messages, false)).await;
    let second: Value = second.unwrap().json().await.unwrap();
    assert_eq!(second["content"], json!([{"type": "text", "text": "done"}]));
    assert_eq!(second["usage"]["output_tokens"], 5);
    assert_ne!(second["id"], first["id"]);
    assert_eq!(server.calls()[0].step, 1);
}

#[tokio::test]
async fn an_answer_depends_on_what_the_request_really_held() {
    let quoting = json!({
        "when": "write", "held": "be brief", "capture": "kb/", "capture_line": "We agreed",
        "steps": [{"text": "{{line}}", "write": ["{{captured}}", "# {{line}}\n"], "shell": "ls '{{captured}}'"}],
    });
    let usual = json!({"when": "write", "steps": [{"text": "{{line}}"}]});
    let server = start(json!({"rules": [quoting, usual]}));
    let asked = async |system: Value, earlier: &str| {
        let messages = json!([{"role": "user", "content": [
            {"type": "text", "text": format!("<system-reminder>\n{earlier}\n</system-reminder>")},
            {"type": "text", "text": "write it to `kb/a.md`"},
        ]}]);
        let mut body = request(messages, false);
        body["system"] = system;
        let answer: Value = post(&server, body).await.unwrap().json().await.unwrap();
        answer["content"].clone()
    };
    let system = json!([{"type": "text", "text": "You may be brief."}]);
    let content = asked(system.clone(), "  We agreed on tabs.").await;
    assert_eq!(content[0]["text"], "We agreed on tabs.");
    assert_eq!(
        content[1]["input"],
        json!({"file_path": "kb/a.md", "content": "# We agreed on tabs.\n"})
    );
    assert_eq!(content[2]["input"]["command"], "ls 'kb/a.md'");
    assert_eq!(asked(system, "Nobody agreed.").await[0]["text"], "nothing");
    // A rule that takes nothing leaves its texts as they are.
    let content = asked(json!("Take your time."), "We agreed on tabs.").await;
    assert_eq!(content, json!([{"type": "text", "text": "{{line}}"}]));
}

#[tokio::test]
async fn an_answer_is_held_before_its_first_byte_until_it_is_released() {
    let server = start(always(json!([{"text": "done", "hold": "gate"}])));
    let (answer, ()) = tokio::join!(text(&server, "go"), async {
        within(server.held("gate")).await;
        assert_eq!(server.calls().len(), 1);
        server.release("gate");
    });
    assert_eq!(answer, "done");
    assert_eq!(text(&server, "again").await, "done");
}

#[tokio::test]
async fn a_gate_that_was_released_before_holds_nobody() {
    let server = start(always(json!([{"text": "done", "hold": "gate"}])));
    server.release("gate");
    assert_eq!(text(&server, "go").await, "done");
}

#[tokio::test]
async fn a_stream_is_held_after_half_of_its_text() {
    let server = start(always(json!([{"text": "onetwo", "hold_mid": "gate"}])));
    let mut response = post(&server, prompt("go", true)).await.unwrap();
    let first = read_to(&mut response, "one").await;
    within(server.held("gate")).await;
    assert!(!first.contains("two"));
    server.release("gate");
    let (rest, is_whole) = read_on(response).await;
    assert!(is_whole);
    assert_eq!(joined(&frames(&(first + &rest)), "text"), "onetwo");
}

#[tokio::test]
async fn gates_and_the_log_can_be_reached_over_http() {
    let server = start(json!({}));
    let (client, url) = (Client::new(), server.url());
    let status = async |request: reqwest::RequestBuilder| {
        let response = within(request.send()).await.unwrap();
        response.status()
    };
    let (held, ()) = tokio::join!(
        status(client.post(format!("{url}/__hold/a%20gate"))),
        async {
            let seen = status(client.get(format!("{url}/__held/a%20gate"))).await;
            let released = status(client.post(format!("{url}/__release/a%20gate"))).await;
            assert_eq!((seen, released), (StatusCode::OK, StatusCode::OK));
        }
    );
    assert_eq!(held, StatusCode::OK);

    text(&server, "one").await;
    text(&server, "two").await;
    let log = client.get(format!("{url}/__log?since=1")).send().await;
    let log: Value = log.unwrap().json().await.unwrap();
    assert_eq!(log.as_array().unwrap().len(), 1);
    assert_eq!(log[0]["last_user"], "two");
    assert_eq!(log[0]["body"]["max_tokens"], 7);
}

#[tokio::test]
async fn a_drop_cuts_the_connection_after_half_of_the_text() {
    let server = start(always(
        json!([{"text": "onetwo", "drop": true, "times": 1}]),
    ));
    let response = post(&server, prompt("go", true)).await.unwrap();
    let (body, is_whole) = read_on(response).await;
    assert!(!is_whole);
    assert_eq!(joined(&frames(&body), "text"), "one");
    assert_eq!(text(&server, "go").await, "onetwo");
    assert!(server.calls().iter().all(|call| !call.client_gone));
}

#[tokio::test]
async fn a_drop_before_the_first_byte_is_no_answer_at_all() {
    let server = start(always(json!([{"drop_first_bytes": true}])));
    let error = post(&server, prompt("go", true)).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(server.calls()[0].status, 0);
}

#[tokio::test]
async fn an_error_is_answered_so_many_times_and_then_the_step() {
    let server = start(always(
        json!([{"text": "well", "error": 429, "times": 2, "retry_after": 3}]),
    ));
    for _ in 0..2 {
        let response = post(&server, prompt("go", true)).await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "3");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["type"], "rate_limit_error");
    }
    assert_eq!(text(&server, "go").await, "well");
    let statuses: Vec<u16> = server.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [429, 429, 200]);
}

#[tokio::test]
async fn a_client_that_leaves_a_silent_stream_is_noticed() {
    let server = start(always(json!([{"silent": true}])));
    let response = post(&server, prompt("go", true)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!server.calls()[0].client_gone);
    drop(response);
    within(server.wait_for(|calls| calls[0].client_gone)).await;
}

#[tokio::test]
async fn a_client_that_leaves_while_it_is_held_is_noticed_and_held_no_more() {
    let server = start(always(json!([{"text": "late", "hold": "gate"}])));
    let leaves = tokio::select! {
        _ = text(&server, "go") => false,
        () = server.held("gate") => true,
    };
    assert!(leaves);
    within(server.wait_for(|calls| calls[0].client_gone)).await;
    let (_, ()) = tokio::join!(text(&server, "again"), async {
        within(server.arrived("gate", 2)).await;
        server.release("gate");
    });
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn every_call_is_taken_down() {
    let server = start(json!({}));
    assert_eq!(text(&server, "hi").await, "echo: hi");
    let bare = json!({"model": "m", "messages": [{"role": "user", "content": "name this"}]});
    let title: Value = post(&server, bare).await.unwrap().json().await.unwrap();
    assert_eq!(title["content"][0]["text"], "scripted title");

    let client = Client::new();
    let url = server.url();
    let count = client
        .post(format!("{url}/v1/messages/count_tokens"))
        .bearer_auth("sk-other");
    let count = count.json(&json!({"messages": []})).send().await.unwrap();
    let count: Value = count.json().await.unwrap();
    assert_eq!(count, json!({"input_tokens": 1250}));
    let head = client.head(format!("{url}/api/hello")).send().await;
    assert_eq!(head.unwrap().status(), StatusCode::OK);
    let refused = client
        .post(format!("{url}/v1/messages"))
        .header("x-api-key", "sk-invalid");
    let refused = refused.json(&prompt("hi", true)).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["error"]["type"], "authentication_error");

    let calls = server.calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.kind, call.key.as_deref(), call.status))
        .collect();
    #[rustfmt::skip]
    assert_eq!(seen, [
        (CallKind::Echo, Some("sk-test"), 200),
        (CallKind::Utility, Some("sk-test"), 200),
        (CallKind::Count, Some("sk-other"), 200),
        (CallKind::Other, None, 200),
        (CallKind::Echo, Some("sk-invalid"), 401),
    ]);
    assert_eq!(calls[0].path, "/door/v1/messages?beta=true");
    assert_eq!((calls[0].prefix.as_str(), calls[0].n), ("/door", 1));
    assert_eq!(calls[0].tools, ["Bash", "Write"]);
    assert_eq!(calls[0].max_tokens, Some(7));
}

#[tokio::test]
async fn a_stopped_server_cuts_who_is_held_and_frees_its_port() {
    let server = start(always(json!([{"text": "never", "hold": "gate"}])));
    let (answer, ()) = tokio::join!(post(&server, prompt("go", true)), async {
        within(server.held("gate")).await;
        within(server.stop()).await;
    });
    assert!(answer.is_err());
    let address = server.url().replace("http://", "").parse().unwrap();
    ModelServer::start_on(address, Script::default()).unwrap();
}
