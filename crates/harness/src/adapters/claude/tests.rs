//! Claude Code as it was recorded, and as it should never be.

use serde_json::{Value, json};
use vwm_api::CliType;
use vwm_api::CliType::ClaudeCode;

use crate::adapter::{Input, Said};
use crate::adapters::adapter;
use crate::adapters::recording::{conversation, dialogue, home, opening, play, show};
use crate::process::Exit;

const OPENED: &str = r#"{"type":"control_response","response":{"subtype":"success","request_id":"open","response":{}}}"#;

fn line(text: &str) -> Said {
    Said::Line(text.to_owned())
}

fn gone(code: i32) -> Exit {
    Exit {
        code: Some(code),
        signal: None,
        leftovers: 0,
    }
}

fn delta(text: &str) -> Said {
    let event = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    Said::Line(
        json!({"type": "stream_event", "event": event, "parent_tool_use_id": null}).to_string(),
    )
}

fn result(fields: &Value) -> Said {
    let mut line = json!({"type": "result", "subtype": "success", "is_error": false});
    for (name, value) in fields.as_object().into_iter().flatten() {
        line[name] = value.clone();
    }
    Said::Line(line.to_string())
}

#[test]
fn recordings_become_steps() {
    for name in [
        "tools",
        "drop",
        "errors",
        "refused",
        "401",
        "retries",
        "subagents",
    ] {
        let told = play(ClaudeCode, None, &format!("claude-{name}"));
        insta::assert_snapshot!(name, told);
    }
}

#[test]
fn a_conversation_that_is_not_found_begins_anew() {
    let told = play(
        ClaudeCode,
        Some("01970000-0000-4000-8000-000000000000"),
        "claude-unknown",
    );
    insta::assert_snapshot!(told, @r#"
    say {"type":"control_request","request_id":"open","request":{"subtype":"initialize","hooks":null}}
    relaunch native=None gave_up=true
    "#);
}

#[test]
fn a_resume_that_fails_after_the_prompt_leaves_the_prompt_to_the_next_process() {
    let mut talk = dialogue(ClaudeCode, opening(Some("old")));
    talk.open();
    talk.heard(line(OPENED));
    talk.input(conversation(), Input::Prompt("go".into()));
    let unknown = result(
        &json!({"is_error": true, "errors": ["No conversation found with session ID: old"]}),
    );
    insta::assert_snapshot!(show(&talk.heard(unknown)), @r"relaunch native=None gave_up=true");
    assert_eq!(
        talk.exited(&gone(1), "No conversation found with session ID: old"),
        []
    );
}

#[test]
fn a_new_conversation_whose_id_is_in_use_is_the_old_one() {
    let mut talk = dialogue(ClaudeCode, opening(None));
    talk.open();
    let steps = talk.exited(&gone(1), "Error: Session ID x is already in use.\n");
    insta::assert_snapshot!(show(&steps), @r#"
    native 01edb9de-dfe7-5976-ad94-0bb3e542ad98
    relaunch native=Some(NativeId("01edb9de-dfe7-5976-ad94-0bb3e542ad98")) gave_up=false
    "#);
}

#[test]
fn giving_up_twice_ends_instead_of_going_round() {
    let mut again = opening(None);
    again.gave_up = true;
    let mut talk = dialogue(ClaudeCode, again);
    talk.open();
    let steps = talk.exited(&gone(1), "Error: Session ID x is already in use.\n");
    insta::assert_snapshot!(show(&steps), @r#"end Failed "" in=None out=None cost=None model=None engine_failed retryable=true Claude Code can neither go on with its conversation nor begin another one; suspend the session and prompt again"#);
}

#[test]
fn an_abort_that_is_not_heard_ends_after_its_time() {
    let mut talk = dialogue(ClaudeCode, opening(Some("old")));
    talk.open();
    talk.heard(line(OPENED));
    talk.input(conversation(), Input::Prompt("go".into()));
    talk.heard(delta("so f"));
    talk.heard(delta("ar"));
    let mut told = show(&talk.input(conversation(), Input::Abort));
    told += &show(&talk.input(conversation(), Input::Abort));
    told += &show(&talk.woken(7));
    told += &show(&talk.woken(1));
    told += &show(&talk.woken(1));
    told += &show(&talk.heard(result(&json!({"result": "too late"}))));
    told += &show(&talk.exited(&gone(0), ""));
    insta::assert_snapshot!(told, @r#"
    say {"type":"control_request","request_id":"abort-1","request":{"subtype":"interrupt"}}
    wake 3s 1
    end Cancelled "so far" in=None out=None cost=None model=None aborted retryable=false the turn was aborted; what it did until then is in the workspace
    relaunch native=Some(NativeId("old")) gave_up=false
    "#);
}

#[test]
fn a_wake_of_a_turn_that_is_over_means_nothing() {
    let mut talk = dialogue(ClaudeCode, opening(Some("old")));
    talk.open();
    talk.heard(line(OPENED));
    talk.input(conversation(), Input::Prompt("one".into()));
    talk.input(conversation(), Input::Abort);
    talk.heard(result(
        &json!({"is_error": true, "terminal_reason": "aborted_tools"}),
    ));
    talk.input(conversation(), Input::Prompt("two".into()));
    assert_eq!(talk.woken(1), []);
}

#[test]
fn a_process_that_dies_in_a_turn_ends_it_and_tells_why() {
    let mut talk = dialogue(ClaudeCode, opening(None));
    talk.open();
    talk.heard(line(OPENED));
    talk.input(conversation(), Input::Prompt("go".into()));
    talk.heard(delta("half an ans"));
    let mut told = show(&talk.heard(line(r#"{"type":"assis"#)));
    told += &show(&talk.heard(Said::Eof));
    told += &show(&talk.exited(&gone(7), "panic: out of tea\n"));
    insta::assert_snapshot!(told, @r#"
    raw "{\"type\":\"assis"
    end Failed "half an ans" in=None out=None cost=None model=None engine_failed retryable=true Claude Code exited with code 7 while it worked; it said: panic: out of tea; prompt again to start it anew
    "#);
    let mut talk = dialogue(ClaudeCode, opening(None));
    talk.open();
    let told = show(&talk.exited(&gone(1), "error: unknown option '--frob'"));
    insta::assert_snapshot!(told, @r#"end Failed "" in=None out=None cost=None model=None engine_failed retryable=true Claude Code exited with code 1 while it started; it said: error: unknown option '--frob'; prompt again to start it anew"#);
}

#[test]
fn what_is_not_understood_is_passed_on_raw() {
    let mut talk = dialogue(ClaudeCode, opening(Some("old")));
    talk.open();
    talk.heard(line(OPENED));
    talk.input(conversation(), Input::Prompt("go".into()));
    let told: String = [
        "npm warn something",
        "[1,2]",
        "null",
        "",
        r#"{"type":"brand_new","x":1}"#,
        r#"{"type":"system","subtype":"brand_new"}"#,
        r#"{"type":"assistant","message":{"content":"not a list"}}"#,
        r#"{"type":"stream_event","event":7}"#,
        r#"{"type":"user"}"#,
        r#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash"}}"#,
        r#"{"type":"control_request","request_id":"h","request":{"subtype":"hook_callback"}}"#,
    ]
    .into_iter()
    .map(|text| show(&talk.heard(line(text))))
    .collect();
    insta::assert_snapshot!(told, @r#"
    raw "npm warn something"
    raw [1,2]
    raw null
    raw {"type":"brand_new","x":1}
    raw {"type":"system","subtype":"brand_new"}
    say {"type":"control_response","response":{"subtype":"success","request_id":"r","response":{"behavior":"deny","message":"nobody can be asked here; go on without it","interrupt":false}}}
    say {"type":"control_response","response":{"subtype":"error","request_id":"h","error":"not supported"}}
    "#);
}

#[test]
fn a_turn_that_the_engine_begins_by_itself_is_not_ours() {
    let mut talk = dialogue(ClaudeCode, opening(Some("old")));
    talk.open();
    talk.heard(line(OPENED));
    let init = r#"{"type":"system","subtype":"init","session_id":"old","model":"m"}"#;
    let mut told = show(&talk.heard(line(init)));
    told += &show(&talk.heard(delta("by myself")));
    talk.input(conversation(), Input::Prompt("go".into()));
    told += &show(&talk.heard(delta("still by myself")));
    told += &show(&talk.heard(result(&json!({"result": "by myself"}))));
    told += &show(&talk.heard(line(init)));
    told += &show(&talk.heard(delta("yours")));
    told += &show(&talk.heard(result(&json!({"result": "yours"}))));
    insta::assert_snapshot!(told, @r#"
    text "yours"
    end Complete "yours" in=None out=None cost=None model=Some("m")
    "#);
}

#[test]
fn the_command_line_holds_neither_prompt_nor_secret() {
    let home = home(&json!({
        "env": {"ANTHROPIC_BASE_URL": "http://elsewhere", "TEAM": "rockets"},
        "modelConfig": {"model": "claude-sonnet-4-5", "maxTokens": 4000, "temperature": 0.5, "provider": "openai"},
    }));
    let claude = adapter(CliType::ClaudeCode).expect("it is on the list");
    let launch = claude.launch(&home, &[opening(Some("old"))]);
    insta::assert_json_snapshot!("launch", launch);
    let fresh = claude.launch(&home, &[opening(None)]);
    assert_eq!(
        fresh.args.last(),
        claude.launch(&home, &[opening(None)]).args.last()
    );
    let ignored = claude.ignored(&home.worker);
    let ignored: Vec<_> = ignored.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(ignored, ["modelConfig.temperature", "modelConfig.provider"]);
    let files = claude.files(&home);
    assert_eq!(files[0].0.to_str(), Some("config/settings.json"));
    insta::assert_snapshot!(files[0].1, @r#"
    {
      "claudeMdExcludes": [
        "/s/kb/**",
        "/s/workspace/worker_repo/**"
      ],
      "cleanupPeriodDays": 3650
    }
    "#);
}
