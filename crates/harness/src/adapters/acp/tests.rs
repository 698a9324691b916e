//! Agents as they were recorded, and as they should never be.

use serde_json::json;
use vwm_api::CliType::Acp;

use crate::adapter::{Dialogue, Input, Said};
use crate::adapters::adapter;
use crate::adapters::recording::{conversation, dialogue, home, opening, play, show};
use crate::process::Exit;

const INITIALIZED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true}}}"#;
const BEGUN: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"sessionId":"s1"}}"#;

fn line(text: &str) -> Said {
    Said::Line(text.to_owned())
}

fn hear(talk: &mut dyn Dialogue, lines: &[&str]) -> String {
    lines
        .iter()
        .map(|text| show(&talk.heard(line(text))))
        .collect()
}

fn in_a_turn() -> Box<dyn Dialogue> {
    let mut talk = dialogue(Acp, opening(None));
    talk.open();
    hear(talk.as_mut(), &[INITIALIZED, BEGUN]);
    talk.input(conversation(), Input::Prompt("go".into()));
    talk
}

fn gone() -> Exit {
    Exit {
        code: None,
        signal: Some(9),
        leftovers: 0,
    }
}

fn update(update: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"s1","update":{update}}}}}"#
    )
}

#[test]
fn recordings_become_steps() {
    for name in ["acp-claude", "acp-gemini", "acp-opencode"] {
        insta::assert_snapshot!(name, play(Acp, None, name));
    }
}

#[test]
fn what_a_loaded_conversation_repeats_is_not_told_again() {
    let mut talk = dialogue(Acp, opening(Some("s0")));
    let mut told = show(&talk.open());
    let old =
        update(r#"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"old"}}"#);
    told += &hear(
        talk.as_mut(),
        &[
            INITIALIZED,
            &old,
            r#"{"jsonrpc":"2.0","id":2,"result":{}}"#,
            &old,
        ],
    );
    told += &show(&talk.input(conversation(), Input::Prompt("go".into())));
    let new =
        update(r#"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"new"}}"#);
    told += &hear(
        talk.as_mut(),
        &[
            &new,
            r#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#,
        ],
    );
    insta::assert_snapshot!(told, @r#"
    say {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":false,"writeTextFile":false},"terminal":false},"clientInfo":{"name":"vwm","title":"Virtual Worker Manager","version":"0.1.0"}}}
    say {"jsonrpc":"2.0","id":2,"method":"session/load","params":{"sessionId":"s0","cwd":"/s/workspace","mcpServers":[]}}
    opened Resumed
    say {"jsonrpc":"2.0","id":3,"method":"session/prompt","params":{"sessionId":"s0","prompt":[{"type":"text","text":"go"}]}}
    text "new"
    end Complete "new" in=None out=None cost=None model=None
    "#);
}

#[test]
fn a_conversation_that_cannot_be_loaded_begins_anew() {
    let mut talk = dialogue(Acp, opening(Some("s0")));
    talk.open();
    let refused = r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"unknown session"}}"#;
    let told = hear(
        talk.as_mut(),
        &[
            INITIALIZED,
            refused,
            r#"{"jsonrpc":"2.0","id":3,"result":{"sessionId":"s1"}}"#,
        ],
    );
    insta::assert_snapshot!(told, @r#"
    say {"jsonrpc":"2.0","id":2,"method":"session/load","params":{"sessionId":"s0","cwd":"/s/workspace","mcpServers":[]}}
    say {"jsonrpc":"2.0","id":3,"method":"session/new","params":{"cwd":"/s/workspace","mcpServers":[]}}
    native s1
    opened FreshAfterFailedResume
    "#);

    let mut talk = dialogue(Acp, opening(Some("s0")));
    talk.open();
    let cannot = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1}}"#;
    let told = hear(talk.as_mut(), &[cannot, BEGUN]);
    assert!(
        told.ends_with("native s1\nopened FreshAfterFailedResume\n"),
        "{told}"
    );

    let mut talk = dialogue(Acp, opening(Some("s0")));
    talk.open();
    hear(talk.as_mut(), &[INITIALIZED]);
    assert_eq!(
        show(&talk.exited(&gone(), "")),
        "relaunch native=None gave_up=true\n"
    );
}

#[test]
fn an_agent_gets_neither_files_nor_terminals_and_every_permission() {
    let mut talk = in_a_turn();
    let told = hear(
        talk.as_mut(),
        &[
            r#"{"jsonrpc":"2.0","id":"a","method":"fs/read_text_file","params":{"path":"/etc/passwd"}}"#,
            r#"{"jsonrpc":"2.0","id":0,"method":"terminal/create","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"t"},"options":[
                {"optionId":"x","kind":"reject_once"},{"optionId":"y","kind":"allow_always"},{"optionId":"z","kind":"allow_once"}]}}"#,
            r#"{"jsonrpc":"2.0","id":2,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"t"},"options":[]}}"#,
        ],
    );
    insta::assert_snapshot!(told, @r#"
    say {"jsonrpc":"2.0","id":"a","error":{"code":-32601,"message":"method not found: fs/read_text_file"}}
    say {"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"method not found: terminal/create"}}
    tool_call {"id":"t","name":"tool","input":{}}
    say {"jsonrpc":"2.0","id":1,"result":{"outcome":{"outcome":"selected","optionId":"z"}}}
    say {"jsonrpc":"2.0","id":2,"result":{"outcome":{"outcome":"cancelled"}}}
    "#);
}

#[test]
fn a_worker_that_wants_to_be_asked_refuses_what_nobody_can_answer() {
    let home = home(&json!({"cliType": "acp", "approvals": {"mode": "strict"}}));
    let mut talk = adapter(Acp)
        .expect("it is on the list")
        .dialogue(&home, &[opening(None)]);
    talk.open();
    hear(talk.as_mut(), &[INITIALIZED, BEGUN]);
    talk.input(conversation(), Input::Prompt("go".into()));
    let ask = r#"{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"t"},"options":[
        {"optionId":"z","kind":"allow_once"},{"optionId":"x","kind":"reject_once"}]}}"#;
    let told = hear(talk.as_mut(), &[ask]);
    assert!(told.contains(r#""optionId":"x""#), "{told}");
}

#[test]
fn an_abort_waits_for_the_agent_and_not_for_ever() {
    let mut talk = in_a_turn();
    let mut told = show(&talk.input(conversation(), Input::Abort));
    told += &hear(
        talk.as_mut(),
        &[
            r#"{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"t"},"options":[{"optionId":"z","kind":"allow_once"}]}}"#,
        ],
    );
    told += &show(&talk.woken(3));
    told += &hear(
        talk.as_mut(),
        &[r#"{"jsonrpc":"2.0","id":3,"result":{"stopReason":"end_turn"}}"#],
    );
    insta::assert_snapshot!(told, @r#"
    say {"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}
    wake 3s 3
    tool_call {"id":"t","name":"tool","input":{}}
    say {"jsonrpc":"2.0","id":1,"result":{"outcome":{"outcome":"cancelled"}}}
    end Cancelled "" in=None out=None cost=None model=None aborted retryable=false the turn was aborted; what it did until then is in the workspace
    relaunch native=Some(NativeId("s1")) gave_up=false
    "#);
}

#[test]
fn the_reasons_to_stop_are_told_apart() {
    let mut told = String::new();
    for answer in [
        r#""result":{"stopReason":"max_tokens"}"#,
        r#""result":{"stopReason":"refusal"}"#,
        r#""result":{"stopReason":"cancelled"}"#,
        r#""result":{"stopReason":"brand_new"}"#,
        r#""result":null"#,
        r#""error":{"code":-32603,"message":"Internal error","data":{"message":"no credit"}}"#,
        r#""error":{"code":-32000,"message":"Authentication required"}"#,
    ] {
        let answer = format!(r#"{{"jsonrpc":"2.0","id":3,{answer}}}"#);
        told += &hear(in_a_turn().as_mut(), &[&answer]);
    }
    insta::assert_snapshot!(told, @r#"
    notice {"code":"cut_short","message":"the answer was cut at a limit of the agent (max_tokens); prompt again to go on"}
    end Complete "" in=None out=None cost=None model=None
    end Failed "" in=None out=None cost=None model=None model_refused retryable=false the agent refused to go on; change the prompt
    end Cancelled "" in=None out=None cost=None model=None aborted retryable=false the agent stopped the turn by itself; prompt again to go on
    end Complete "" in=None out=None cost=None model=None
    end Complete "" in=None out=None cost=None model=None
    end Failed "" in=None out=None cost=None model=None engine_failed retryable=true the agent answered the prompt with an error (-32603): Internal error: no credit; look at the program's own setup, then prompt again
    end Failed "" in=None out=None cost=None model=None engine_failed retryable=true the agent answered the prompt with an error (-32000): Authentication required; look at the program's own setup, then prompt again
    "#);
}

#[test]
fn an_agent_that_does_not_begin_says_why() {
    let mut told = String::new();
    for answer in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":2}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"what?"}}"#,
    ] {
        let mut talk = dialogue(Acp, opening(None));
        talk.open();
        told += &hear(talk.as_mut(), &[answer]);
    }
    let mut talk = dialogue(Acp, opening(None));
    talk.open();
    told += &show(&talk.exited(&gone(), "no such option --acp"));
    insta::assert_snapshot!(told, @r#"
    end Failed "" in=None out=None cost=None model=None engine_failed retryable=false the agent speaks version 2 of the Agent Client Protocol, not 1; use one that does
    end Failed "" in=None out=None cost=None model=None engine_failed retryable=true the agent would not begin (-32600): what?; look at the program's own setup, then prompt again
    end Failed "" in=None out=None cost=None model=None engine_failed retryable=true the agent was killed by signal 9 while it started; it said: no such option --acp; prompt again to start it anew
    "#);
}

#[test]
fn what_is_not_understood_is_passed_on_raw() {
    let mut talk = in_a_turn();
    let strange = update(r#"{"sessionUpdate":"brand_new"}"#);
    let image =
        update(r#"{"sessionUpdate":"agent_message_chunk","content":{"type":"image","data":"…"}}"#);
    let told = hear(
        talk.as_mut(),
        &[
            "Debugger listening",
            "[]",
            r#"{"jsonrpc":"2.0"}"#,
            &strange,
            &image,
            r#"{"method":"_own/thing"}"#,
            r#"{"jsonrpc":"2.0","id":99,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":"3","result":{"stopReason":"end_turn"}}"#,
        ],
    );
    insta::assert_snapshot!(told, @r#"
    raw "Debugger listening"
    raw []
    raw {"jsonrpc":"2.0"}
    raw {"sessionUpdate":"brand_new"}
    raw {"sessionUpdate":"agent_message_chunk","content":{"type":"image","data":"…"}}
    raw {"jsonrpc":"2.0","id":"3","result":{"stopReason":"end_turn"}}
    "#);
}
