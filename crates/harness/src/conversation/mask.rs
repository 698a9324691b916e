//! Takes known secrets out of what an engine says before anybody hears it. Each text by itself: a secret that is cut in two by a chunk
//! is not found.

use serde_json::Value;
use vwm_api::AgentEvent;

const MASK: &str = "[secret]";

/// What must not be told.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Texts to take out; short ones would take ordinary words along.
    pub(crate) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(
            secrets
                .into_iter()
                .filter(|secret| secret.len() >= 8)
                .collect(),
        )
    }

    /// The text without secrets.
    pub(super) fn mask(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret) {
                text = text.replace(secret, MASK);
            }
        }
        text
    }

    /// The event without secrets.
    pub(super) fn mask_event(&self, mut event: AgentEvent) -> AgentEvent {
        match &mut event {
            AgentEvent::Text(text) | AgentEvent::Thinking(text) => self.mask_in_place(text),
            AgentEvent::ToolCall(call) => self.mask_value(&mut call.input),
            AgentEvent::ToolResult(result) => self.mask_value(&mut result.output),
            AgentEvent::Notice { message, .. } => self.mask_in_place(message),
            AgentEvent::Raw(value) => self.mask_value(value),
            AgentEvent::Start(_) => {}
        }
        event
    }

    fn mask_in_place(&self, text: &mut String) {
        *text = self.mask(std::mem::take(text));
    }

    /// Values come bounded in depth.
    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.mask_in_place(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask_value(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.mask_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_taken_out_of_every_text_of_an_event() {
        let secrets = Secrets::new(["token-0123456789".to_owned(), "a".to_owned()]);
        let event = AgentEvent::Raw(json!({"env": ["KEY=token-0123456789\nA=a"], "n": 1}));
        let masked = AgentEvent::Raw(json!({"env": ["KEY=[secret]\nA=a"], "n": 1}));
        assert_eq!(secrets.mask_event(event), masked);
    }
}
