//! The transcript: what was said in a session, one JSON object per line, made from the journal.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use vwm_api::harness::{Entry, Happened, Record};
use vwm_api::{AgentEvent, TurnId};

/// Writes the transcript of a journal. Deltas are put together: a line holds all that was said between two other things.
pub(crate) fn write(records: &[Record], mut into: impl Write) -> io::Result<()> {
    let mut open: HashMap<TurnId, (&'static str, String)> = HashMap::new();
    for record in records {
        let at = record.at;
        match &record.entry {
            Entry::Accepted { order } => {
                let line = json!({"role": "user", "requestId": order.turn, "subsessionId": order.subsession, "kind": order.kind, "text": order.prompt, "at": at});
                put(&mut into, &line)?;
            }
            Entry::Sent { .. } => {}
            Entry::Event {
                turn,
                event: Happened::Agent(event),
                ..
            } => {
                let Some(turn) = turn else { continue };
                let delta = match event {
                    AgentEvent::Text(text) => Some(("text", text)),
                    AgentEvent::Thinking(text) => Some(("thinking", text)),
                    _ => None,
                };
                if let Some((what, text)) = delta {
                    if open.get(turn).is_some_and(|(known, _)| *known != what) {
                        close(&mut into, &mut open, *turn)?;
                    }
                    open.entry(*turn)
                        .or_insert_with(|| (what, String::new()))
                        .1
                        .push_str(text);
                    continue;
                }
                let line = match event {
                    AgentEvent::ToolCall(call) => {
                        json!({"role": "assistant", "requestId": turn, "toolCall": call, "at": at})
                    }
                    AgentEvent::ToolResult(result) => {
                        json!({"role": "tool", "requestId": turn, "toolResult": result, "at": at})
                    }
                    AgentEvent::Notice { code, message } => {
                        json!({"role": "vwm", "requestId": turn, "notice": {"code": code, "message": message}, "at": at})
                    }
                    AgentEvent::Start(_)
                    | AgentEvent::Text(_)
                    | AgentEvent::Thinking(_)
                    | AgentEvent::Raw(_) => continue,
                };
                close(&mut into, &mut open, *turn)?;
                put(&mut into, &line)?;
            }
            Entry::Event {
                event: Happened::Native(_),
                ..
            } => {}
            Entry::Ended { turn, outcome } => {
                close(&mut into, &mut open, *turn)?;
                let line = json!({"role": "vwm", "requestId": turn, "status": outcome.status, "error": outcome.error, "at": at});
                put(&mut into, &line)?;
            }
        }
    }
    Ok(())
}

fn close(
    into: &mut impl Write,
    open: &mut HashMap<TurnId, (&'static str, String)>,
    turn: TurnId,
) -> io::Result<()> {
    let Some((what, text)) = open.remove(&turn) else {
        return Ok(());
    };
    put(
        into,
        &json!({"role": "assistant", "requestId": turn, what: text}),
    )
}

fn put(into: &mut impl Write, line: &Value) -> io::Result<()> {
    serde_json::to_writer(&mut *into, line)?;
    into.write_all(b"\n")
}
