//! Events word for word: every type that a turn or a session can say, as frames.

use insta::assert_snapshot;
use serde_json::json;
use vwm_api::harness::{Entry, Happened, Outcome};
use vwm_api::{
    AgentEvent, CliType, Resume, SessionId, SessionStatus, Start, SubsessionId, ToolCall,
    ToolResult, Trigger, TurnError, TurnStatus,
};

use super::{ended, journal, outcome};
use crate::kit::TestApp;

async fn frames(app: &TestApp, session: SessionId, path: &str) -> String {
    let text = app.send(http::Method::GET, path, &[], None).await;
    assert_eq!(text.headers["content-type"], "text/event-stream");
    assert_eq!(text.headers["cache-control"], "no-store");
    let text = text.body.as_str().expect("frames").to_owned();
    text.replace(&session.to_string(), "[session]")
}

#[tokio::test]
async fn every_type_of_event_is_one_frame_with_its_number() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    app.post_unread(
        &format!("/sessions/{session}/stream"),
        json!({"prompt": "hi"}),
    )
    .await;
    let turn = app.open_turn(session).await;
    let subsession = SubsessionId::main(session);
    let said = [
        AgentEvent::Start(Start {
            request_id: turn.id,
            subsession_id: subsession,
            engine: CliType::ClaudeCode,
            model: Some("m-1".to_owned()),
            settings_revision: 0,
            resume: Resume::Fresh,
        }),
        AgentEvent::Thinking("hm \"\n\u{2028}".to_owned()),
        AgentEvent::Text("größer\r\n💡".to_owned()),
        AgentEvent::ToolCall(ToolCall {
            id: "t1".to_owned(),
            name: "Bash".to_owned(),
            input: json!({"command": "ls\n"}),
        }),
        AgentEvent::ToolResult(ToolResult {
            id: "t1".to_owned(),
            name: None,
            output: json!(["a", {"b": 1}]),
            is_error: true,
        }),
        AgentEvent::notice("retry", "the provider is asked again"),
        AgentEvent::Raw(json!({"type": "new"})),
    ];
    let mut entries: Vec<Entry> = said
        .into_iter()
        .map(|event| Entry::Event {
            turn: Some(turn.id),
            subsession: Some(subsession),
            event: Happened::Agent(event),
        })
        .collect();
    let end = Outcome {
        error: Some(TurnError {
            status: TurnStatus::Failed,
            message: "the engine ended; its log says why".to_owned(),
            code: "engine_failed".to_owned(),
            retryable: false,
            resets_at: None,
        }),
        ..outcome(TurnStatus::Failed)
    };
    entries.push(ended(&turn, end));
    journal(&app, session, entries).await;
    app.trigger(session, Trigger::End).await;
    app.trigger(session, Trigger::Ended).await;

    let all = frames(&app, session, &format!("/sessions/{session}/events")).await;
    let all = all.replace(&turn.id.to_string(), "[turn]");
    assert_snapshot!(all, @r#"
    retry: 1000

    id: 1
    data: {"type":"status","data":{"from":null,"to":"pending","reason":null}}

    id: 2
    data: {"type":"status","data":{"from":"pending","to":"active","reason":null}}

    id: 3
    data: {"type":"start","data":{"requestId":"[turn]","subsessionId":"[session]","engine":"claude-code","model":"m-1","settingsRevision":0,"resume":"fresh"},"requestId":"[turn]","subsessionId":"[session]"}

    id: 4
    data: {"type":"thinking","data":"hm \"\n ","requestId":"[turn]","subsessionId":"[session]"}

    id: 5
    data: {"type":"text","data":"größer\r\n💡","requestId":"[turn]","subsessionId":"[session]"}

    id: 6
    data: {"type":"tool_call","data":{"id":"t1","name":"Bash","input":{"command":"ls\n"}},"requestId":"[turn]","subsessionId":"[session]"}

    id: 7
    data: {"type":"tool_result","data":{"id":"t1","name":null,"output":["a",{"b":1}],"isError":true},"requestId":"[turn]","subsessionId":"[session]"}

    id: 8
    data: {"type":"notice","data":{"code":"retry","message":"the provider is asked again"},"requestId":"[turn]","subsessionId":"[session]"}

    id: 9
    data: {"type":"raw","data":{"type":"new"},"requestId":"[turn]","subsessionId":"[session]"}

    id: 10
    data: {"type":"error","data":{"status":"failed","message":"the engine ended; its log says why","code":"engine_failed","retryable":false},"requestId":"[turn]","subsessionId":"[session]"}

    id: 11
    data: {"type":"status","data":{"from":"active","to":"ending","reason":null}}

    id: 12
    data: {"type":"status","data":{"from":"ending","to":"ended","reason":null}}
    "#);
    let path = format!("/sessions/{session}/requests/{}/events", turn.id);
    let of_turn = frames(&app, session, &path).await;
    let of_turn = of_turn.replace(&turn.id.to_string(), "[turn]");
    let of_session = |frame: &&str| frame.contains(r#""type":"status""#);
    let rest: Vec<_> = all
        .split("\n\n")
        .filter(|frame| !of_session(frame))
        .collect();
    assert_eq!(of_turn, rest.join("\n\n"));
}

#[tokio::test]
async fn the_header_of_one_who_comes_back_wins_over_the_address() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Ended).await;
    let path = format!("/sessions/{session}/events");
    let ids = async |path: &str, header: Option<&str>| {
        let headers: Vec<_> = header.map(|id| ("last-event-id", id)).into_iter().collect();
        let reply = app.send(http::Method::GET, path, &headers, None).await;
        match reply.body.as_str() {
            Some(text) => text
                .lines()
                .filter_map(|line| line.strip_prefix("id: "))
                .collect::<Vec<_>>()
                .join(" "),
            None => format!("{} {:?}", reply.status.as_u16(), reply.faults()),
        }
    };
    let mut table = String::new();
    for (after, header) in [
        ("", None),
        ("?after=0", None),
        ("?after=2", None),
        ("?after=3", None),
        ("?after=4", None),
        ("?after=0", Some("2")),
        ("?after=3", Some("0")),
        ("?after=99", Some("2")),
        ("", Some("4")),
        ("", Some("-1")),
        ("", Some("x")),
        ("", Some("")),
    ] {
        let told = ids(&format!("{path}{after}"), header).await;
        table += &format!("{after} {header:?}: {told}\n");
    }
    assert_snapshot!(table, @r#"
     None: 1 2 3
    ?after=0 None: 1 2 3
    ?after=2 None: 3
    ?after=3 None: 
    ?after=4 None: 400 [("after", "out_of_range")]
    ?after=0 Some("2"): 3
    ?after=3 Some("0"): 1 2 3
    ?after=99 Some("2"): 400 [("after", "out_of_range")]
     Some("4"): 400 [("Last-Event-ID", "out_of_range")]
     Some("-1"): 400 [("Last-Event-ID", "out_of_range")]
     Some("x"): 400 [("Last-Event-ID", "invalid_type")]
     Some(""): 400 [("Last-Event-ID", "invalid_type")]
    "#);
}
