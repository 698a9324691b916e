//! Tool calls, which agents tell in pieces: a call, its input, a question, its result, in any order and not always all of them.

use serde_json::{Map, Value, json};
use vwm_api::{AgentEvent, ToolCall, ToolResult};

/// The calls under way.
#[derive(Debug, Default)]
pub(super) struct Tools(Vec<Tool>);

#[derive(Debug)]
struct Tool {
    id: String,
    fields: Map<String, Value>,
    /// Its name as it was told.
    told: Option<String>,
}

/// What a piece was good for.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Whether it is the first that is heard of the call.
    pub(super) is_new: bool,
    pub(super) events: Vec<AgentEvent>,
}

impl Tools {
    /// A piece of a call: a `tool_call`, a `tool_call_update`, or the call in a question for permission.
    pub(super) fn piece(&mut self, piece: &Value, is_asked: bool) -> Told {
        let mut told = Told::default();
        let id = piece["toolCallId"].as_str().unwrap_or_default();
        let at = self
            .0
            .iter()
            .position(|tool| tool.id == id)
            .unwrap_or_else(|| {
                told.is_new = true;
                self.0.push(Tool {
                    id: id.to_owned(),
                    fields: Map::new(),
                    told: None,
                });
                self.0.len() - 1
            });
        let tool = &mut self.0[at];
        for (name, value) in piece.as_object().into_iter().flatten() {
            // The first title is often the tool's name; later ones say what it did.
            let is_renamed = name == "title" && tool.fields.contains_key(name);
            if !value.is_null() && !is_renamed {
                tool.fields.insert(name.clone(), value.clone());
            }
        }
        let status = tool.text("status").unwrap_or("pending").to_owned();
        // The first piece of a call has often only a part of its input: it is told when there is more, or when it runs.
        let is_complete = !told.is_new && tool.input().is_some();
        if is_asked || status != "pending" || is_complete {
            told.events.extend(tool.call());
        }
        if status == "completed" || status == "failed" {
            told.events.push(tool.result(status == "failed"));
            self.0.remove(at);
        }
        told
    }

    /// The turn is over: what was never told is told now.
    pub(super) fn rest(&mut self) -> Vec<AgentEvent> {
        let events = self.0.iter_mut().filter_map(Tool::call).collect();
        self.0.clear();
        events
    }
}

impl Tool {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    fn name(&self) -> String {
        let name = self
            .text("name")
            .or(self.text("title"))
            .or(self.text("kind"));
        name.unwrap_or("tool").to_owned()
    }

    fn input(&self) -> Option<&Value> {
        self.fields.get("rawInput").filter(|input| match input {
            Value::Object(object) => !object.is_empty(),
            Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
            Value::Null => false,
        })
    }

    fn call(&mut self) -> Option<AgentEvent> {
        if self.told.is_some() {
            return None;
        }
        let name = self.name();
        self.told = Some(name.clone());
        let input = self.input().cloned().unwrap_or_else(|| {
            let shown = ["title", "kind", "locations", "content"];
            let shown = shown
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), self.fields.get(name)?.clone())));
            Value::Object(shown.collect())
        });
        Some(AgentEvent::ToolCall(ToolCall {
            id: self.id.clone(),
            name,
            input,
        }))
    }

    fn result(&self, is_error: bool) -> AgentEvent {
        let output = self.fields.get("rawOutput").or(self.fields.get("content"));
        AgentEvent::ToolResult(ToolResult {
            id: self.id.clone(),
            name: self.told.clone(),
            output: output.cloned().unwrap_or_else(|| json!(null)),
            is_error,
        })
    }
}
