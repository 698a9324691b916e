//! The agent: what it remembers, what it really does, and how it behaves when it is cancelled.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vwm_scripted::{AgentScript, ModelServer, Script};

use crate::agent_client::{House, results, text};
use crate::model_client::within;

fn always(steps: &Value) -> Value {
    json!({"rules": [{"when": "", "steps": steps}]})
}

#[test]
fn a_restarted_agent_tells_a_loaded_session_and_knows_what_it_was_told() {
    let house = House::new();
    let mut agent = house.agent(&json!({}));
    let session = agent.new_session();
    assert_eq!(
        text(&agent.prompt(&session, "my name is Ada").0),
        "echo: my name is Ada"
    );
    let own = "SCRIPT: [{\"think\": \"hm\"}, {\"shell\": \"echo hi\"}]";
    agent.prompt(&session, own);
    agent.end();

    let mut agent = house.agent(&json!({}));
    let told: Vec<_> = agent
        .load(&session)
        .into_iter()
        .map(|mut it| it["sessionUpdate"].take())
        .collect();
    #[rustfmt::skip]
    assert_eq!(told, [
        "user_message_chunk", "agent_message_chunk",
        "user_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update",
    ]);
    let (updates, answer) = agent.prompt(&session, "RECALL");
    let recalled = format!("recall: {}", json!(["my name is Ada", own, "RECALL"]));
    assert_eq!(text(&updates), recalled);
    assert_eq!(answer["result"], json!({"stopReason": "end_turn"}));
    agent.end();
}

#[test]
fn a_session_that_nobody_began_is_not_found() {
    let house = House::new();
    let mut agent = house.agent(&json!({}));
    for id in ["../../etc/passwd", "0d4f2a0e-5c5e-4b6e-9d0e-0e9a3b0f8f11"] {
        let answer = agent.call("session/load", json!({"sessionId": id, "cwd": "/"}));
        assert_eq!(answer["error"]["code"], -32002);
    }
    agent.end();
}

#[test]
fn tools_really_work_or_tell_why_not() {
    let house = House::new();
    let mut agent = house.agent(&always(&json!([
        {"write": ["sub/a.txt", "hi"]},
        {"read": "sub/a.txt"},
        {"read": "none.txt"},
        {"shell": "cat sub/a.txt; echo bad >&2; exit 3"},
        {"env": true, "text": "done", "stop": "refusal"},
    ])));
    let session = agent.new_session();
    let (updates, answer) = agent.prompt(&session, "go");
    let done = |status: &str, text: &str| (status.to_owned(), text.to_owned());
    let results = results(&updates);
    assert_eq!(
        results[..4],
        [
            done("completed", "wrote sub/a.txt"),
            done("completed", "hi"),
            done(
                "failed",
                "cannot read none.txt: No such file or directory (os error 2)"
            ),
            done("failed", "hibad\nexit status: 3"),
        ]
    );
    assert!(results[4].1.contains("PATH="), "{}", results[4].1);
    assert_eq!(updates[0]["sessionUpdate"], "tool_call");
    assert_eq!(updates[0]["status"], "pending");
    assert_eq!(updates[0]["toolCallId"], updates[1]["toolCallId"]);
    assert_eq!(fs::read_to_string(house.path("sub/a.txt")).unwrap(), "hi");
    assert_eq!(answer["result"]["stopReason"], "refusal");
    agent.end();
}

#[test]
fn a_shell_and_its_children_die_with_the_turn_and_with_the_client() {
    let house = House::new();
    let alive = house.fifo("alive");
    let mut agent = house.agent(&always(&json!([
        {"shell": "exec 3> alive; echo begun >&3; sh -c 'sleep 600; true'; true"},
        {"text": "never said"},
    ])));
    let session = agent.new_session();
    agent.send_prompt(&session, "go");
    let mut first = BufReader::new(File::open(&alive).unwrap());
    first.read_line(&mut String::new()).unwrap();
    agent.cancel(&session);
    let (updates, answer) = agent.updates_until_answer();
    assert_eq!(results(&updates)[0].0, "failed");
    assert_eq!(text(&updates), "");
    assert_eq!(answer["result"]["stopReason"], "cancelled");
    // It ends when nobody has it open any more.
    first.read_to_end(&mut Vec::new()).unwrap();

    agent.send_prompt(&session, "again");
    let mut second = BufReader::new(File::open(&alive).unwrap());
    second.read_line(&mut String::new()).unwrap();
    agent.end();
    second.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_held_turn_can_be_cancelled_unless_it_ignores_that() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(async { ModelServer::start(Script::default()).unwrap() });
    let house = House::new();
    let mut agent = house.agent(&json!({"control": server.url(), "rules": [
        {"when": "deaf", "steps": [{"ignore_cancel": true, "hold": "the gate"}, {"text": "done"}]},
        {"when": "", "steps": [{"text": "begun"}, {"hold": "the gate"}, {"text": "never said"}]},
    ]}));
    let session = agent.new_session();

    agent.send_prompt(&session, "go");
    runtime.block_on(within(server.held("the gate")));
    agent.cancel(&session);
    let (updates, answer) = agent.updates_until_answer();
    assert_eq!(text(&updates), "begun");
    assert_eq!(answer["result"]["stopReason"], "cancelled");

    agent.send_prompt(&session, "deaf");
    runtime.block_on(within(server.arrived("the gate", 2)));
    agent.cancel(&session);
    // Answered after the cancel was heard, so that the order is sure.
    let unknown = agent.call("session/unknown", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    server.release("the gate");
    let heard = (agent.hear(), agent.hear());
    assert_eq!(heard.0["params"]["update"]["content"]["text"], "done");
    assert_eq!(heard.1["result"]["stopReason"], "end_turn");
    agent.end();
}

#[test]
fn a_daemon_has_neither_our_environment_nor_our_session() {
    let house = House::new();
    let (out, input) = (house.fifo("out"), house.fifo("in"));
    let daemon = "echo $$ > out; read word < in; echo $word > out";
    let mut agent = house.agent(&always(&json!([{"daemon": daemon}])));
    let session = agent.new_session();
    let (updates, _) = agent.prompt(&session, "go");
    assert_eq!(results(&updates)[0].0, "completed");
    agent.end();

    let pid = fs::read_to_string(&out).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    let environment = fs::read(process.join("environ")).unwrap();
    assert_eq!(String::from_utf8(environment).unwrap().find("HOME="), None);
    assert_ne!(
        unix_session(&process),
        unix_session(Path::new("/proc/self"))
    );
    fs::write(input, "still here\n").unwrap();
    assert_eq!(fs::read_to_string(out).unwrap(), "still here\n");
}

#[test]
fn an_agent_may_ask_its_client_and_talk_nonsense() {
    let house = House::new();
    let mut agent = house.agent(&always(&json!([
        {"garbage": "{no json", "ask_permission": true},
        {"fs_read": true, "big_line": 100_000},
        {"fail": "no more"},
    ])));
    let session = agent.new_session();
    agent.send_prompt(&session, "go");
    assert_eq!(agent.hear_line(), "{no json\n");

    let asked = agent.hear();
    assert_eq!(asked["method"], "session/request_permission");
    agent.say(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"outcome": {"outcome": "cancelled"}}}));
    let told = &agent.hear()["params"]["update"]["content"]["text"];
    assert_eq!(
        *told,
        r#"session/request_permission was answered: {"outcome":{"outcome":"cancelled"}}"#
    );

    assert!(agent.hear_line().len() > 100_000);
    let asked = agent.hear();
    assert_eq!(asked["method"], "fs/read_text_file");
    agent.say(
        &json!({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}}),
    );
    let (updates, answer) = agent.updates_until_answer();
    assert_eq!(
        text(&updates),
        r#"fs/read_text_file was refused: {"code":-32601,"message":"no"}"#
    );
    assert_eq!(
        answer["error"],
        json!({"code": -32603, "message": "no more"})
    );
    agent.end();
}

#[test]
fn an_answer_depends_on_what_was_said_before() {
    let house = House::new();
    let mut agent = house.agent(&json!({"rules": [{
        "when": "note", "capture": "notes/", "capture_line": "colour",
        "steps": [{"write": ["{{captured}}", "{{line}}\n"], "read": "{{captured}}", "text": "{{line}}"}],
    }]}));
    let session = agent.new_session();
    let (updates, _) = agent.prompt(&session, "note it in `notes/a.md`");
    assert_eq!(text(&updates), "nothing");
    agent.prompt(&session, "by the way\nmy colour is green\nreally");
    let (updates, _) = agent.prompt(&session, "note it in `notes/b.md`");
    assert_eq!(text(&updates), "my colour is green");
    assert_eq!(results(&updates)[1].1, "my colour is green\n");
    let written = fs::read_to_string(house.path("notes/b.md")).unwrap();
    assert_eq!(written, "my colour is green\n");
    agent.end();
}

#[test]
fn a_script_that_holds_must_say_where() {
    let script = r#"{"rules": [{"when": "", "steps": [{"hold": "gate"}]}]}"#;
    let fault = AgentScript::parse(script).unwrap_err().to_string();
    assert_eq!(
        fault,
        "the script is wrong at control: hold needs the address of a model server, as http://127.0.0.1:PORT; add it"
    );
}

/// Returns the UNIX session of a process, its `stat`'s fourth word after the name.
fn unix_session(process: &Path) -> String {
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').nth(3).unwrap().to_owned()
}
