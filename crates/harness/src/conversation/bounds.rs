//! What an engine says, cut to what every reader of it can take.

use serde_json::Value;
use vwm_api::AgentEvent;

/// Readers of JSON give up at 128 levels, and records, events and answers add their own around a value.
const DEEPEST: usize = 64;
/// The largest value of a tool.
const TOOL: usize = 1 << 20;
/// The longest text of one event; what is longer becomes several.
const TEXT: usize = 1 << 20;
/// The longest answer.
const ANSWER: usize = 9 << 20;
/// The longest notice, and the longest reason of a failure.
const REASON: usize = 16 << 10;
/// The largest value that nobody understands.
const RAW: usize = 128 << 10;

/// Returns the event with values that can be read again. A value that is too deep or too large becomes the beginning of its text.
pub(super) fn bounded(mut event: AgentEvent) -> AgentEvent {
    match &mut event {
        AgentEvent::Raw(value) => bind(value, RAW),
        AgentEvent::ToolCall(call) => bind(&mut call.input, TOOL),
        AgentEvent::ToolResult(result) => bind(&mut result.output, TOOL),
        AgentEvent::Notice { message, .. } => *message = reason(std::mem::take(message)),
        AgentEvent::Start(_) | AgentEvent::Text(_) | AgentEvent::Thinking(_) => {}
    }
    event
}

/// Returns an event as several where its text is too long for one.
pub(super) fn pieces(event: AgentEvent) -> Vec<AgentEvent> {
    let (text, again): (_, fn(String) -> AgentEvent) = match event {
        AgentEvent::Text(text) if text.len() > TEXT => (text, AgentEvent::Text),
        AgentEvent::Thinking(text) if text.len() > TEXT => (text, AgentEvent::Thinking),
        other => return vec![other],
    };
    let (mut pieces, mut rest) = (Vec::new(), text.as_str());
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(TEXT));
        pieces.push(again(piece.to_owned()));
        rest = more;
    }
    pieces
}

/// Returns an answer, cut where nobody could take it whole.
pub(super) fn answer(text: String) -> String {
    cut(text, ANSWER)
}

/// Returns a sentence that says why, cut where nobody would read on: it is shown in many places.
pub(super) fn reason(text: String) -> String {
    cut(text, REASON)
}

fn cut(text: String, longest: usize) -> String {
    if text.len() <= longest {
        return text;
    }
    let kept = text.floor_char_boundary(longest);
    format!(
        "{}… [{} bytes are left out here]",
        &text[..kept],
        text.len() - kept
    )
}

fn bind(value: &mut Value, longest: usize) {
    let mut room = longest;
    if fits(value, DEEPEST, &mut room) {
        return;
    }
    let text = match std::mem::take(value) {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let kept = text.floor_char_boundary(longest);
    let mut cut = text[..kept].to_owned();
    if kept < text.len() {
        cut += &format!("… [{} bytes are left out here]", text.len() - kept);
    }
    *value = Value::String(cut);
}

/// Whether a value has at most so many levels, and about so many bytes.
fn fits(value: &Value, levels: usize, room: &mut usize) -> bool {
    let mut takes = |bytes: usize| {
        let left = room.checked_sub(bytes);
        *room = left.unwrap_or(0);
        left.is_some()
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => takes(4),
        Value::String(text) => takes(text.len()),
        Value::Array(_) | Value::Object(_) if levels == 0 => false,
        Value::Array(values) => {
            takes(values.len()) && values.iter().all(|value| fits(value, levels - 1, room))
        }
        Value::Object(fields) => {
            takes(fields.keys().map(String::len).sum())
                && fields.values().all(|value| fits(value, levels - 1, room))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(1), |value, _| json!([value]))
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        for value in [
            json!({"a": [1, "two"]}),
            json!("x".repeat(RAW)),
            nested(DEEPEST),
        ] {
            let event = AgentEvent::Raw(value);
            assert_eq!(bounded(event.clone()), event);
        }
    }

    #[test]
    fn a_long_text_becomes_several_events_and_loses_nothing() {
        let text = "é".repeat(TEXT);
        let pieces = pieces(AgentEvent::Text(text.clone()));
        assert_eq!(pieces.len(), 2);
        let whole: String = pieces
            .into_iter()
            .map(|piece| match piece {
                AgentEvent::Text(text) => text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(whole, text);
    }

    #[test]
    fn a_reason_has_an_end() {
        let (kept, long) = ("x".repeat(REASON), "x".repeat(REASON + 7));
        let cut = kept.clone() + "… [7 bytes are left out here]";
        assert_eq!(reason(kept.clone()), kept);
        assert_eq!(reason(long.clone()), cut);
        let notice = bounded(AgentEvent::notice("retry", &long));
        assert_eq!(notice, AgentEvent::notice("retry", &cut));
    }

    #[test]
    fn an_answer_has_an_end() {
        let cut = answer("x".repeat(ANSWER + 7));
        assert!(
            cut.ends_with("x… [7 bytes are left out here]"),
            "{}",
            cut.len()
        );
    }

    #[test]
    fn what_is_too_deep_becomes_text() {
        let text = nested(DEEPEST + 1).to_string();
        let event = AgentEvent::Raw(json!({"a": nested(DEEPEST)}));
        let whole = format!("{{\"a\":{}}}", nested(DEEPEST));
        assert_eq!(bounded(event), AgentEvent::Raw(json!(whole)));
        assert_eq!(
            bounded(AgentEvent::Raw(nested(DEEPEST + 1))),
            AgentEvent::Raw(json!(text))
        );
    }

    #[test]
    fn what_is_too_large_is_cut_between_characters() {
        let event = bounded(AgentEvent::Raw(json!("é".repeat(RAW))));
        let kept = format!("{}… [{RAW} bytes are left out here]", "é".repeat(RAW / 2));
        assert_eq!(event, AgentEvent::Raw(json!(kept)));
    }
}
