//! What an engine says, cut to what every reader of it can take.

use serde_json::Value;
use vwm_api::AgentEvent;

/// Readers of JSON give up at 128 levels, and records, events and answers add their own around a value.
const DEEPEST: usize = 64;
/// The largest value of a tool.
const TOOL: usize = 1 << 20;
/// The largest value that nobody understands.
const RAW: usize = 128 << 10;

/// Returns the event with values that can be read again. A value that is too deep or too large becomes the beginning of its text.
pub(super) fn bounded(mut event: AgentEvent) -> AgentEvent {
    match &mut event {
        AgentEvent::Raw(value) => bind(value, RAW),
        AgentEvent::ToolCall(call) => bind(&mut call.input, TOOL),
        AgentEvent::ToolResult(result) => bind(&mut result.output, TOOL),
        AgentEvent::Start(_)
        | AgentEvent::Text(_)
        | AgentEvent::Thinking(_)
        | AgentEvent::Notice { .. } => {}
    }
    event
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
