//! What a request is answered with: a pure choice from the script and what was asked.

use serde_json::{Map, Value, json};

use super::api::{Ask, ToolCall};
use super::call::CallKind;
use super::script::{Script, Step};
use super::tool;
use crate::rule::{Wish, wish};

/// What every request without tools is answered.
const TITLE: &str = "scripted title";

/// The answer to a request, before its faults are counted.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) kind: CallKind,
    pub(super) step: Step,
    /// Under which name the step's faults are counted.
    pub(super) name: String,
}

/// Chooses the answer.
pub(super) fn plan(script: &Script, ask: &Ask) -> Plan {
    if ask.tools.is_empty() {
        let title = ask
            .schema
            .as_ref()
            .map_or_else(|| TITLE.to_owned(), |schema| sample(schema).to_string());
        return says(CallKind::Utility, title);
    }
    match wish(&script.rules, ask.held()) {
        Wish::Play { steps, name } => Plan {
            kind: CallKind::Script,
            step: steps
                .get(ask.step)
                .cloned()
                .unwrap_or_else(|| Step::says("script finished")),
            name: format!("{name} step {}", ask.step),
        },
        Wish::Recall => says(CallKind::Recall, format!("recall: {}", json!(ask.users))),
        Wish::Echo => says(CallKind::Echo, format!("echo: {}", ask.last_user())),
        Wish::Wrong(fault) => says(CallKind::Script, fault),
    }
}

/// Returns the tools that a step uses; one that cannot be used is told in the answer's text.
pub(super) fn tools(step: &Step, ask: &Ask) -> (Option<String>, Vec<ToolCall>) {
    let (mut text, mut calls) = (step.text.clone(), Vec::new());
    for action in step.actions() {
        match tool::choose(&action, &ask.tools) {
            Ok(call) => calls.push(call),
            Err(fault) => {
                text = Some(text.map_or(fault.clone(), |text| format!("{text}\n{fault}")))
            }
        }
    }
    (text, calls)
}

fn says(kind: CallKind, text: String) -> Plan {
    Plan {
        kind,
        step: Step::says(text),
        name: String::new(),
    }
}

/// Makes a small value that fits a schema; engines ask for titles so, too.
fn sample(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("array") => json!([]),
        Some("number" | "integer") => json!(1),
        Some("boolean") => json!(true),
        Some("string") => json!(TITLE),
        Some("null") => Value::Null,
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let fields: Map<String, Value> = properties
                .map(|(name, schema)| (name.clone(), sample(schema)))
                .collect();
            Value::Object(fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str, step: usize, tools: &[&str]) -> Ask {
        Ask {
            users: vec!["before".into(), text.into()],
            step,
            tools: tools.iter().map(ToString::to_string).collect(),
            ..Ask::default()
        }
    }

    fn said(script: &str, ask: &Ask) -> String {
        let script = Script::parse(script).expect("it is a script");
        plan(&script, ask).step.text.unwrap_or_default()
    }

    #[test]
    fn rules_go_first_then_the_prompts_own_script_then_recall_then_echo() {
        let rules =
            r#"{"rules": [{"when": "launch", "steps": [{"text": "one"}, {"text": "two"}]}]}"#;
        let own = "please\n> SCRIPT: [{\"text\": \"mine\"}].";
        let shell = ["Bash"];
        assert_eq!(said(rules, &ask("RECALL launch", 1, &shell)), "two");
        assert_eq!(said(rules, &ask("launch", 2, &shell)), "script finished");
        assert_eq!(said(rules, &ask(own, 0, &shell)), "mine");
        assert_eq!(
            said(rules, &ask("RECALL", 0, &shell)),
            r#"recall: ["before","RECALL"]"#
        );
        assert_eq!(said(rules, &ask("hi", 0, &shell)), "echo: hi");
        assert_eq!(said(rules, &ask("launch", 0, &[])), "scripted title");
        assert!(
            said(rules, &ask("SCRIPT: [{\"txt\": 1}]", 0, &shell))
                .starts_with("the script in the prompt is wrong at [0].txt: unknown field `txt`")
        );
    }

    #[test]
    fn a_wanted_schema_is_filled() {
        let schema = json!({"type": "object", "properties": {"title": {"type": "string"}, "kind": {"enum": ["a", "b"]}}});
        let asked = Ask {
            schema: Some(schema),
            ..Ask::default()
        };
        assert_eq!(
            said("{}", &asked),
            r#"{"title":"scripted title","kind":"a"}"#
        );
    }
}
