//! The reference of the REST API as Markdown, made of the OpenAPI document.

mod frames;
mod shape;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value};

pub use frames::events;
use shape::{cell, fields, kind, list, meaning, named};

/// What no document says of one call: access, failures, repeated calls.
const BEFORE: &str = include_str!("before.md");

/// What stands before the types of events.
const EVENTS: &str = include_str!("events.md");

/// Makes the page of an OpenAPI document.
#[must_use]
pub fn rest(document: &Value) -> String {
    let mut reference = Reference {
        document,
        schemas: &document["components"]["schemas"],
        bodies: BTreeMap::new(),
        page: BEFORE.to_owned(),
    };
    for tag in list(&document["tags"]) {
        reference.tag(tag);
    }
    reference.page += EVENTS;
    reference.events();
    reference.objects();
    reference.page
}

struct Reference<'a> {
    document: &'a Value,
    schemas: &'a Value,
    /// Bodies that were shown, and at which call.
    bodies: BTreeMap<String, String>,
    page: String,
}

impl Reference<'_> {
    /// Adds lines; writing to a text cannot fail.
    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.page.write_fmt(text);
    }

    /// The calls of one tag, in the document's order.
    fn tag(&mut self, tag: &Value) {
        let name = tag["name"].as_str().unwrap_or_default();
        let about = cell(&tag["description"]);
        self.add(format_args!("\n## {name}\n\n{about}.\n"));
        let none = Map::new();
        let paths = self.document["paths"].as_object().unwrap_or(&none);
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap_or(&none) {
                if operation["tags"][0] == name {
                    let call = format!("{} {path}", method.to_uppercase());
                    self.call(&call, operation);
                }
            }
        }
    }

    fn call(&mut self, call: &str, operation: &Value) {
        let summary = cell(&operation["summary"]);
        self.add(format_args!("\n### {call}\n\n{summary}\n"));
        let more = cell(&operation["description"]);
        if !more.is_empty() {
            self.add(format_args!("\n{more}\n"));
        }
        self.parameters(operation);
        let content = operation["requestBody"]["content"].as_object();
        for (media_type, body) in content.into_iter().flatten() {
            let need = match operation["requestBody"]["required"] == true {
                true => "required",
                false => "may be left out",
            };
            self.add(format_args!("\nBody ({need}): `{media_type}`"));
            self.body(call, &body["schema"]);
        }
        self.answers(operation);
    }

    fn parameters(&mut self, operation: &Value) {
        if list(&operation["parameters"]).next().is_none() {
            return;
        }
        self.page += "\n| parameter | in | type | | what it means |\n|---|---|---|---|---|\n";
        for given in list(&operation["parameters"]) {
            let must = if given["required"] == true {
                "required"
            } else {
                ""
            };
            let kind = kind(&given["schema"], self.schemas);
            let (name, place) = (cell(&given["name"]), cell(&given["in"]));
            let what = meaning(given, self.schemas);
            self.add(format_args!(
                "| `{name}` | {place} | {kind} | {must} | {what} |\n"
            ));
        }
    }

    /// What a body holds, at the first call that takes it.
    fn body(&mut self, call: &str, schema: &Value) {
        let Some(name) = named(schema) else {
            self.page += ", any bytes\n";
            return;
        };
        if let Some(first) = self.bodies.get(name) {
            let first = first.clone();
            self.add(format_args!(", as that of `{first}`\n"));
            return;
        }
        self.bodies.insert(name.to_owned(), call.to_owned());
        let schema = &self.schemas[name];
        let about = cell(&schema["description"]);
        self.add(format_args!(". {about}\n"));
        fields(schema, self.schemas, ["required", ""], &mut self.page);
        self.example(&schema["examples"][0]);
    }

    /// The answers of one call, and those that it has as every call of its kind has them.
    fn answers(&mut self, operation: &Value) {
        self.page += "\n| answer | body | |\n|---|---|---|\n";
        let none = Map::new();
        let mut usual = Vec::new();
        for (status, answer) in operation["responses"].as_object().unwrap_or(&none) {
            if answer.get("$ref").is_some() {
                usual.push(status.as_str());
                continue;
            }
            let content = answer["content"].as_object().unwrap_or(&none);
            let bodies = content
                .iter()
                .map(|(media_type, body)| match media_type.as_str() {
                    "application/json" => kind(&body["schema"], self.schemas),
                    other => format!("`{other}`"),
                });
            let bodies: Vec<_> = bodies.collect();
            let what = cell(&answer["description"]);
            self.add(format_args!(
                "| {status} | {} | {what} |\n",
                bodies.join(", ")
            ));
        }
        if !usual.is_empty() {
            self.add(format_args!(
                "| {} | [ErrorBody](#errorbody) | [as everywhere](#failures) |\n",
                usual.join(", ")
            ));
        }
    }

    /// Each type of event with an example frame.
    fn events(&mut self) {
        for (seq, event) in (12..).zip(events()) {
            let frame = serde_json::to_value(&event).unwrap_or_default();
            let name = cell(&frame["type"]);
            let variants = list(&self.schemas["Event"]["oneOf"]).filter_map(named);
            let of_name = |it: &&Value| it["properties"]["type"]["enum"][0] == *name;
            let schema = variants.map(|it| &self.schemas[it]).find(of_name);
            let schema = schema.unwrap_or(&Value::Null);
            let (about, data) = (cell(&schema["description"]), &schema["properties"]["data"]);
            let text = serde_json::to_string(&event).unwrap_or_default();
            self.add(format_args!(
                "\n### {name}\n\n{about}\n\n```text\nid: {seq}\ndata: {text}\n```\n"
            ));
            match named(data) {
                // These two stand below, because answers have them as well.
                Some(object @ ("Answer" | "TurnError")) => {
                    let link = object.to_lowercase();
                    self.add(format_args!(
                        "\n`data` is the object [{object}](#{link}).\n"
                    ));
                }
                Some(object) => {
                    let schema = &self.schemas[object];
                    fields(schema, self.schemas, ["", "may be absent"], &mut self.page);
                }
                None => {
                    let kind = kind(data, self.schemas);
                    self.add(format_args!("\n`data`: {kind}.\n"));
                }
            }
        }
    }

    /// Every object that an answer has.
    fn objects(&mut self) {
        self.page += "\n## Objects\n\nWhat answers and bodies are made of. A field is always there, and `null` where nothing is known, unless it says that it may be absent.\n";
        let none = Map::new();
        for (name, schema) in self.schemas.as_object().unwrap_or(&none) {
            let is_of_event = name.ends_with("Event") || name.ends_with("EventData");
            let is_shown = self.bodies.contains_key(name)
                || matches!(name.as_str(), "Start" | "ToolCall" | "ToolResult");
            if schema["properties"].is_null() || is_of_event || is_shown {
                continue;
            }
            let about = cell(&schema["description"]);
            self.add(format_args!("\n### {name}\n"));
            if !about.is_empty() {
                self.add(format_args!("\n{about}\n"));
            }
            // What a person writes has fields that one may leave out; what an answer has is there.
            let is_input = schema["additionalProperties"] == false;
            let mark = match is_input {
                true => ["required", ""],
                false => ["", "may be absent"],
            };
            fields(schema, self.schemas, mark, &mut self.page);
            self.example(&schema["examples"][0]);
        }
    }

    fn example(&mut self, example: &Value) {
        if !example.is_null() {
            let text = serde_json::to_string_pretty(example).unwrap_or_default();
            self.add(format_args!("\n```json\n{text}\n```\n"));
        }
    }
}
