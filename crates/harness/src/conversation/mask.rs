//! Takes known secrets out of what an engine says before anybody hears it, text by text; `veil` does it where a text comes in pieces.

use serde_json::Value;
use vwm_api::AgentEvent;

const MASK: &str = "[secret]";

/// Shorter ones would take ordinary words along.
const SHORTEST: usize = 8;

/// What must not be told, longest first.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

/// A text that was looked through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// Without secrets, up to where it is decided.
    pub(super) clean: String,
    /// Where the part begins that may become a secret with what follows.
    pub(super) undecided: usize,
    /// Where the secrets were.
    pub(super) found: Vec<usize>,
}

impl Secrets {
    /// Texts to take out, also as JSON writes them.
    pub(crate) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut all: Vec<String> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .flat_map(|secret| [Value::from(secret.as_str()).to_string(), secret])
            .map(|secret| secret.trim_matches('"').to_owned())
            .collect();
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Self(all)
    }

    /// The text without secrets.
    pub(super) fn mask(&self, text: String) -> String {
        if self.are_in(&text) {
            self.scan(&text, false).clean
        } else {
            text
        }
    }

    fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// Looks through a text, from left to right, for the longest secret at each place. Where more follows, the shortest end that may
    /// be the beginning of a secret stays undecided.
    pub(super) fn scan(&self, text: &str, more_follows: bool) -> Scan {
        let bytes = text.as_bytes();
        let (mut clean, mut found, mut from, mut at) = (String::new(), Vec::new(), 0, 0);
        if !self.are_in(text) {
            // Only the end can be of interest.
            let longest = self.0.first().map_or(0, String::len);
            at = bytes.len().saturating_sub(longest.saturating_sub(1));
        }
        while at < bytes.len() {
            let rest = &bytes[at..];
            let mut here = self.0.iter().map(String::as_bytes);
            if more_follows
                && here
                    .clone()
                    .any(|secret| secret.len() > rest.len() && secret.starts_with(rest))
            {
                break;
            }
            match here.find(|secret| rest.starts_with(secret)) {
                Some(secret) => {
                    clean.push_str(&text[from..at]);
                    clean.push_str(MASK);
                    found.push(at);
                    at += secret.len();
                    from = at;
                }
                None => at += 1,
            }
        }
        clean.push_str(&text[from..at]);
        Scan {
            clean,
            undecided: at,
            found,
        }
    }

    /// The event without secrets.
    pub(super) fn mask_event(&self, mut event: AgentEvent) -> AgentEvent {
        match &mut event {
            AgentEvent::Text(text) | AgentEvent::Thinking(text) => self.mask_in_place(text),
            AgentEvent::ToolCall(call) => {
                self.mask_in_place(&mut call.id);
                self.mask_in_place(&mut call.name);
                self.mask_value(&mut call.input);
            }
            AgentEvent::ToolResult(result) => {
                self.mask_in_place(&mut result.id);
                result.name = result.name.take().map(|name| self.mask(name));
                self.mask_value(&mut result.output);
            }
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
            Value::Object(fields) => {
                fields.values_mut().for_each(|value| self.mask_value(value));
                if fields.keys().any(|name| self.are_in(name)) {
                    let all = std::mem::take(fields).into_iter();
                    fields.extend(all.map(|(name, value)| (self.mask(name), value)));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vwm_api::ToolCall;

    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(["token-0123456789".to_owned(), "a".to_owned()])
    }

    #[test]
    fn a_secret_is_taken_out_of_every_text_of_an_event() {
        let event = AgentEvent::Raw(
            json!({"env": ["KEY=token-0123456789\nA=a"], "n": 1, "token-0123456789": 2}),
        );
        let masked = AgentEvent::Raw(json!({"env": ["KEY=[secret]\nA=a"], "n": 1, "[secret]": 2}));
        assert_eq!(secrets().mask_event(event), masked);
        let call = |name: &str| {
            AgentEvent::ToolCall(ToolCall {
                id: "1".to_owned(),
                name: name.to_owned(),
                input: json!({}),
            })
        };
        let event = secrets().mask_event(call("echo token-0123456789"));
        assert_eq!(event, call("echo [secret]"));
    }

    #[test]
    fn of_two_secrets_at_one_place_the_longer_one_is_taken() {
        let secrets = Secrets::new(["password".to_owned(), "password-of-bob".to_owned()]);
        let masked = secrets.mask("password-of-bob, password-of-al".to_owned());
        assert_eq!(masked, "[secret], [secret]-of-al");
    }

    #[test]
    fn a_secret_is_found_as_json_writes_it_too() {
        let secrets = Secrets::new(["quo\"te\\and\nmore".to_owned()]);
        let line = json!({"text": "it is quo\"te\\and\nmore"}).to_string();
        assert_eq!(secrets.mask(line), r#"{"text":"it is [secret]"}"#);
    }

    #[test]
    fn only_an_end_that_may_become_a_secret_is_undecided() {
        let undecided = |text| secrets().scan(text, true).undecided;
        let table = [
            ("all of us", 9),
            ("the toke", 4),
            ("toktoken-", 3),
            ("token-0123456789", 16),
            ("é t", 3),
            ("ét", 2),
        ];
        for (text, at) in table {
            assert_eq!(undecided(text), at, "{text:?}");
        }
    }
}
