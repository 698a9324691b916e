//! An ACP agent without a model that does what its prompt says: `bench n=1000 rate=0 size=64`.
//!
//! `n`: events to say. `rate`: events a second, 0 is as fast as it can. `size`: bytes of text in each. The script is in the prompt, so
//! that it passes through any host. Each event carries a stamp of this machine's clock.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::now_ns;

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Script {
    events: u64,
    rate: u64,
    size: usize,
}

/// Speaks on standard input and output until the input ends.
pub fn run() -> io::Result<()> {
    let mut out = io::stdout().lock();
    // How many events each conversation has had.
    let mut conversations: HashMap<String, u64> = HashMap::new();
    for line in io::stdin().lock().lines() {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else {
            continue;
        };
        let conversation = message["params"]["sessionId"].as_str().unwrap_or_default();
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => json!({
                "protocolVersion": 1,
                "agentCapabilities": {"loadSession": true},
                "authMethods": [],
            }),
            "session/new" => {
                let name = format!("bench-{}", conversations.len() + 1);
                conversations.insert(name.clone(), 0);
                json!({"sessionId": name})
            }
            "session/prompt" => {
                let said = conversations.entry(conversation.to_owned()).or_default();
                turn(&mut out, conversation, said, script(&message["params"]))?;
                json!({"stopReason": "end_turn"})
            }
            // `session/load`, and whatever a host sets at the start.
            _ => json!({}),
        };
        if !message["id"].is_null() {
            let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
            say(&mut out, &answer.to_string())?;
        }
    }
    Ok(())
}

/// Says the events of one turn, each at its time.
fn turn(
    out: &mut impl Write,
    conversation: &str,
    said: &mut u64,
    script: Script,
) -> io::Result<()> {
    let filling = "x".repeat(script.size);
    let mut line = String::with_capacity(512 + script.size);
    let start = now_ns();
    for event in 0..script.events {
        if let Some(due) = (event * 1_000_000_000).checked_div(script.rate) {
            let early = (start + due).saturating_sub(now_ns());
            std::thread::sleep(Duration::from_nanos(early));
        }
        *said += 1;
        line.clear();
        write!(
            line,
            r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"{conversation}","update":{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"@@{said}:{}@@{filling}"}}}}}}}}"#,
            now_ns()
        )
        .expect("a String takes all that is written");
        say(out, &line)?;
    }
    Ok(())
}

fn say(out: &mut impl Write, line: &str) -> io::Result<()> {
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The last `bench` of a prompt counts: a host may put words of its own in front.
fn script(params: &Value) -> Script {
    let blocks = params["prompt"].as_array().into_iter().flatten();
    let text: Vec<_> = blocks.filter_map(|block| block["text"].as_str()).collect();
    let text = text.join(" ");
    let mut script = Script {
        events: 1,
        rate: 0,
        size: 64,
    };
    let (_, words) = text.rsplit_once("bench ").unwrap_or_default();
    for (name, number) in words
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
    {
        let Ok(number) = number.parse() else {
            continue;
        };
        match name {
            "n" => script.events = number,
            "rate" => script.rate = number,
            "size" => script.size = usize::try_from(number).unwrap_or(script.size),
            _ => {}
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marker::stamps;

    #[test]
    fn the_last_script_of_a_prompt_counts() {
        let params = json!({"prompt": [{"type": "text", "text": "bench n=9 size=9"}, {"type": "text", "text": "bench n=3 rate=50"}]});
        let expected = Script {
            events: 3,
            rate: 50,
            size: 64,
        };
        assert_eq!(script(&params), expected);
    }

    #[test]
    fn events_are_stamped_and_counted_over_turns() {
        let (mut out, mut said) = (Vec::new(), 2);
        let two = Script {
            events: 2,
            rate: 0,
            size: 5,
        };
        turn(&mut out, "bench-1", &mut said, two).expect("a Vec takes all");
        let text = String::from_utf8(out).expect("it is text");
        let numbers: Vec<_> = stamps(&text).map(|stamp| stamp.number).collect();
        assert_eq!((numbers, said), (vec![3, 4], 4));
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).expect("a line is JSON");
            assert_eq!(event["params"]["sessionId"], "bench-1");
        }
    }
}
