//! What an engine says, and what it is told: whatever the bytes are, a turn ends and the session goes on.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::{AbortRequest, Answer, EventBody, Session, TurnStatus};
use vwm_tests::{World, is_alive, kill, within};

use super::{steps, world};

/// An agent in shell that does this in its first turn, and behaves in all others, also after it was started again.
fn speaker(script: &str) -> Value {
    let talk = format!(
        r#"
        say() {{ printf '%s\n' "$1"; }}
        text() {{ say '{{"jsonrpc":"2.0","method":"session/update","params":{{"update":{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"'"$1"'"}}}}}}}}'; }}
        n=0
        while read -r line; do
            # Answers to what it asked itself are not counted.
            case $line in *'"method"'*) n=$((n + 1)) ;; esac
            case $line in
                *'"initialize"'*) say '{{"jsonrpc":"2.0","id":'$n',"result":{{"protocolVersion":1}}}}' ;;
                *'"session/new"'*) say '{{"jsonrpc":"2.0","id":'$n',"result":{{"sessionId":"s"}}}}' ;;
                *'"session/prompt"'*)
                    if [ ! -e "$HOME/spoken" ]; then : > "$HOME/spoken"
{script}
                    fi
                    text done
                    say '{{"jsonrpc":"2.0","id":'$n',"result":{{"stopReason":"end_turn"}}}}' ;;
            esac
        done"#
    );
    json!({"command": "/bin/sh", "args": ["-c", talk]})
}

/// A session whose agent says that, and the answer of its first turn.
async fn spoken(script: &str) -> (World, Session, Answer) {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": speaker(script)})).await;
    let session = world.session("bob", None).await;
    let answer = world.ask(session.id, "say it").await;
    (world, session, answer)
}

/// The session goes on, also in a new generation of its job; nothing of it is lost and nothing comes twice.
async fn goes_on(world: &World, session: &Session) {
    assert_eq!(world.ask(session.id, "again").await.response, "done");
    let before = world.events_until_turn_ends(session.id, 2).await;
    let harness = world.harness(session.id);
    kill(harness, Signal::KILL);
    world.gone(harness).await;
    assert_eq!(world.ask(session.id, "and again").await.response, "done");
    let events = world.events_until_turn_ends(session.id, 3).await;
    assert_eq!(events[..before.len()], before[..]);
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    let all: Vec<i64> = (1..).take(seqs.len()).collect();
    assert_eq!(seqs, all);
    world.end(session.id).await;
}

/// What the adapter did not understand.
async fn raws(world: &World, session: &Session) -> Vec<String> {
    let events = world.events_until_turn_ends(session.id, 1).await;
    let raws = events.into_iter().filter_map(|event| match event.body {
        EventBody::Raw(Value::String(text)) => Some(text),
        EventBody::Raw(value) => Some(value.to_string()),
        _ => None,
    });
    raws.collect()
}

#[tokio::test]
async fn lines_that_are_no_protocol_become_raw_events() {
    let script = r#"
        printf 'garbage\n\n{"half": \n[1,2\n\377\376\n{"jsonrpc":"2.0","id":99,"result":{}}\nnull\n"text"\n\033[31mred\t\r\n'
        printf 'a\000b\n'
        say '{"jsonrpc":"2.0","method":"session/update","params":7}'
        say '{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"\ud800"}}}}'
        say '{"jsonrpc":"2.0","method":"_own","params":{}}'"#;
    let (world, session, answer) = spoken(script).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "done")
    );
    let raws = raws(&world, &session).await;
    for said in [
        "garbage",
        "{\"half\": ",
        "[1,2",
        "\u{fffd}\u{fffd}",
        "\u{1b}[31mred\t\r",
        "a\0b",
    ] {
        assert!(raws.iter().any(|raw| raw == said), "{said:?} in {raws:?}");
    }
    goes_on(&world, &session).await;
}

#[tokio::test]
async fn a_line_of_20_mb_is_cut_and_ends_nothing() {
    let (world, session, answer) = spoken("head -c 20971520 /dev/zero | tr '\\0' x; echo").await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "done")
    );
    let raws = raws(&world, &session).await;
    assert_eq!(raws.len(), 1);
    assert!(
        raws[0].starts_with("xxxx") && raws[0].len() < 1 << 20,
        "{}",
        raws[0].len()
    );
    goes_on(&world, &session).await;
}

#[tokio::test]
async fn values_within_values_without_end_do_not_spoil_the_journal() {
    let script = r#"
        for depth in 60 64 100 120 125 127 100000; do
            open=$(head -c $depth /dev/zero | tr '\0' '['); deep=$open$(head -c $depth /dev/zero | tr '\0' ']')
            say "$deep"
            say '{"jsonrpc":"2.0","method":"unknown","params":'"$deep"'}'
            say '{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"tool_call","toolCallId":"'$depth'","title":"x","kind":"other","status":"pending","rawInput":'"$deep"'}}}'
            say '{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"tool_call_update","toolCallId":"'$depth'","status":"completed","rawOutput":'"$deep"'}}}'
            say '{"jsonrpc":"2.0","id":"'$depth'","method":"session/request_permission","params":{"toolCall":{"toolCallId":"p'$depth'","rawInput":'"$deep"'},"options":[]}}'
        done"#;
    let (world, session, answer) = spoken(script).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "done")
    );
    assert!(raws(&world, &session).await.len() > 7);
    goes_on(&world, &session).await;
}

#[tokio::test]
async fn half_a_line_and_an_exit_fail_the_turn_and_not_the_session() {
    let (world, session, answer) =
        spoken(r#"printf '{"jsonrpc":"2.0","id":'$n',"resu'; exit 3"#).await;
    let error = answer.error.expect("it failed");
    assert_eq!(
        (answer.status, error.code.as_str(), error.retryable),
        (TurnStatus::Failed, "engine_failed", true)
    );
    goes_on(&world, &session).await;
}

#[tokio::test]
async fn an_answer_of_many_megabytes_comes_whole() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let script = json!([{"big_line": 8 << 20}, {"text": "done"}]);
    let answer = world.ask(session.id, &steps(&script)).await;
    assert_eq!(answer.status, TurnStatus::Complete);
    assert_eq!(answer.response.len(), (8 << 20) + 4);
    assert_eq!(world.ask(session.id, "again").await.response, "echo: again");
}

#[tokio::test]
async fn an_agent_that_asks_us_to_read_or_to_run_is_refused() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let answer = world
        .ask(
            session.id,
            &steps(&json!([{"fs_read": true}, {"terminal": true}])),
        )
        .await;
    assert_eq!(answer.status, TurnStatus::Complete);
    assert_eq!(
        answer.response.matches(" was refused: ").count(),
        2,
        "{}",
        answer.response
    );
    assert!(!answer.response.contains("root:"), "{}", answer.response);
}

#[tokio::test]
async fn an_agent_that_ignores_the_cancel_is_killed_and_its_turn_is_cancelled() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let script = json!([{"ignore_cancel": true, "shell": "echo $PPID > agent.pid; trap '' HUP INT TERM; sleep 600 & wait"}]);
    let client = world.client();
    let prompt = world.prompt(&steps(&script));
    let asked = tokio::spawn(async move { client.prompt(session.id, &prompt).await });
    let engine = world.written(session.id, "agent.pid").await;
    let engine = engine.trim().parse().expect("a pid");
    let since = Instant::now();
    let aborted = world
        .client()
        .abort(session.id, &AbortRequest::default())
        .await;
    aborted.expect("a turn runs");
    let answer = within("the aborted turn", asked)
        .await
        .expect("it is asked");
    assert_eq!(
        answer.expect("it is answered").status,
        TurnStatus::Cancelled
    );
    assert!(
        since.elapsed() < Duration::from_secs(15),
        "{:?}",
        since.elapsed()
    );
    assert!(!is_alive(engine));
    assert_eq!(world.ask(session.id, "again").await.response, "echo: again");
}

#[tokio::test]
async fn a_prompt_is_what_it_is() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let mebibyte = "é".repeat(1 << 19);
    for prompt in [
        "-",
        "--help",
        "-p --dangerously",
        "@/etc/passwd $(id) `id` ; rm -rf / # ' \" \\",
        "\u{1}\u{1b}[2J\u{7f}\u{feff}\u{202e}\r\n\t\u{10ffff}👩‍🚀x",
        "{\"jsonrpc\":\"2.0\",\"method\":\"session/cancel\"}\n{}",
        &mebibyte,
    ] {
        let answer = world.ask(session.id, prompt).await;
        assert_eq!(
            (answer.status, answer.response),
            (TurnStatus::Complete, format!("echo: {prompt}"))
        );
    }
}
