//! Whether a model request held what the story says it did: looked up in what the model server received.

use serde_json::Value;
use vwm_scripted::Call;

/// Whether the request for a step of a prompt's answer held a text; none if there was no such request.
pub(super) fn request_holds(calls: &[Call], prompt: &str, step: usize, text: &str) -> Option<bool> {
    let is_it = |call: &&Call| call.is_turn() && call.step == step && call.last_user == prompt;
    let request = calls.iter().find(is_it)?;
    Some(holds(&request.body, text))
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(it) => it.contains(text),
        Value::Array(items) => items.iter().any(|it| holds(it, text)),
        Value::Object(fields) => fields.values().any(|it| holds(it, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vwm_scripted::CallKind;

    use super::*;

    fn call(kind: CallKind, prompt: &str, step: usize, body: Value) -> Call {
        Call {
            n: 0,
            kind,
            method: "POST".into(),
            path: "/v1/messages".into(),
            prefix: String::new(),
            model: None,
            stream: true,
            key: None,
            last_user: prompt.into(),
            step,
            status: 200,
            tools: Vec::new(),
            max_tokens: None,
            body,
            client_gone: false,
        }
    }

    #[test]
    fn only_that_step_of_that_prompt_counts() {
        let system = json!({"system": [{"type": "text", "text": "We say \"hi\" here.\nAlways."}]});
        let calls = [
            call(CallKind::Utility, "two", 0, system.clone()),
            call(CallKind::Script, "one", 0, json!({"messages": []})),
            call(CallKind::Script, "one", 1, system.clone()),
            call(CallKind::Script, "two", 0, system),
        ];
        let text = "We say \"hi\" here.";
        assert_eq!(request_holds(&calls, "one", 0, text), Some(false));
        assert_eq!(request_holds(&calls, "one", 1, text), Some(true));
        assert_eq!(request_holds(&calls, "two", 0, text), Some(true));
        assert_eq!(request_holds(&calls, "two", 1, text), None);
    }
}
