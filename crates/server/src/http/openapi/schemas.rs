//! The schemas as generators need them: flat objects, and in a body null where it is as good as absent.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Where a document has its schemas.
const PREFIX: &str = "#/components/schemas/";

/// The fields that answers leave out when they say nothing, by the end of the schema's name. All others are there, and null when they
/// are not known.
const LEFT_OUT: [(&str, &[&str]); 13] = [
    ("ErrorBody", &["details", "requestId"]),
    ("Event", &["requestId", "subsessionId"]),
    ("Key", &["revokedAt"]),
    ("KeyWithSecret", &["revokedAt"]),
    ("Learning", &["skipped"]),
    ("PushResult", &["unpushed"]),
    (
        "Runtime",
        &["resources", "nodeSelector", "tolerations", "runtimeClass"],
    ),
    ("Session", &["resuming", "unpushed"]),
    ("Setting", &["history"]),
    ("TelemetryRow", &["learning"]),
    ("TurnError", &["resetsAt"]),
    ("Worker", &["skills"]),
    ("WorkerDefinition", &["skills"]),
];

/// Makes one object of each that is put together of several: generators make a poor type of an `allOf`, and one part may forbid what
/// another has. A choice stays a choice, of whole objects that have names.
pub(super) fn flatten(schemas: &mut Map<String, Value>) {
    let parts = schemas.clone();
    for (name, schema) in &parts {
        if let Some([only]) = schema["oneOf"].as_array().map(Vec::as_slice) {
            schemas.insert(name.clone(), only.clone());
        }
        let Some(Value::Array(members)) = schema.get("allOf") else {
            continue;
        };
        let mut whole = json!({"type": "object"});
        let mut choice = Vec::new();
        for member in members {
            let part = named(member).map_or(member, |name| &parts[name]);
            match part.get("oneOf") {
                Some(Value::Array(variants)) => {
                    choice.extend(variants.clone());
                    // Without what surrounds it, it is nothing that anybody sends.
                    schemas.shift_remove(named(member).unwrap_or_default());
                }
                _ => join(&mut whole, part),
            }
        }
        if !choice.is_empty() {
            let variants = choice.into_iter();
            let names = variants.map(|variant| hoist(variant, &whole, schemas));
            whole = json!({"oneOf": names.collect::<Vec<_>>()});
        }
        whole["description"] = schema["description"].clone();
        schemas.insert(name.clone(), whole);
    }
}

/// Adds the fields of another object.
fn join(whole: &mut Value, part: &Value) {
    for list in ["required", "properties"] {
        match (whole.get_mut(list), part.get(list)) {
            (Some(Value::Array(has)), Some(Value::Array(more))) => has.extend(more.clone()),
            (Some(Value::Object(has)), Some(Value::Object(more))) => has.extend(more.clone()),
            (None, Some(more)) => whole[list] = more.clone(),
            (_, _) => {}
        }
    }
}

/// Makes schemas of their own of a variant, with what surrounds it, and of its data.
fn hoist(mut variant: Value, around: &Value, schemas: &mut Map<String, Value>) -> Value {
    let kind = pascal(
        variant["properties"]["type"]["enum"][0]
            .as_str()
            .unwrap_or_default(),
    );
    if let Some(data) = variant.pointer_mut("/properties/data")
        && data.get("properties").is_some()
    {
        let name = format!("{kind}EventData");
        schemas.insert(name.clone(), data.take());
        *data = json!({"$ref": format!("{PREFIX}{name}")});
    }
    join(&mut variant, around);
    let name = format!("{kind}Event");
    schemas.insert(name.clone(), variant);
    json!({"$ref": format!("{PREFIX}{name}")})
}

fn pascal(snake: &str) -> String {
    let words = snake.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

/// Of two fields, at most one may say something, and whether one must.
const EITHER: [(&str, [&str; 2], bool); 3] = [
    ("AbortRequest", ["subsessionId", "requestId"], false),
    ("McpServer", ["url", "adapter"], true),
    ("NewSession", ["workerId", "workerName"], true),
];

/// Says which fields exclude each other, in words that generators pass over.
pub(super) fn exclude(schemas: &mut Map<String, Value>) {
    for (name, [one, other], is_needed) in EITHER {
        let given = json!({"not": {"type": "null"}});
        let mut wrong =
            vec![json!({"required": [one, other], "properties": {one: given, other: given}})];
        if is_needed {
            let nothing = json!({"type": "null"});
            wrong.push(json!({"properties": {one: nothing, other: nothing}}));
        }
        if let Some(schema) = schemas.get_mut(name) {
            schema["not"] = json!({ "anyOf": wrong });
        }
    }
}

/// Says of each field which a body may leave out that it may be null, too, but not of what a change cannot take away; and that an
/// answer has all of its fields.
pub(super) fn tell_what_is_there(document: &mut Value) {
    let of_bodies = of_bodies(document);
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    let parts = schemas.clone();
    for (name, schema) in schemas {
        let whole = name.strip_suffix("Change").map(|of| format!("New{of}"));
        let whole = whole.and_then(|name| parts.get(&name));
        let firm = whole.unwrap_or(&parts[name]).get("required").cloned();
        let Some(Value::Object(fields)) = schema.get_mut("properties") else {
            continue;
        };
        let mut required = Vec::new();
        for (field, schema) in fields {
            let is_there = if of_bodies.contains(name) {
                firm.as_ref().is_some_and(|firm| has(firm, field))
            } else {
                !is_left_out(name, field)
            };
            let given = schema.take();
            *schema = match (is_there, of_bodies.contains(name)) {
                (true, true) | (false, false) => without_null(given),
                (false, true) => or_null(given),
                (true, false) => given,
            };
            if is_there {
                required.push(field.clone());
            }
        }
        if !of_bodies.contains(name) {
            schema["required"] = required.into();
        }
    }
}

fn is_left_out(schema: &str, field: &str) -> bool {
    let mut all = LEFT_OUT.iter();
    all.any(|(name, fields)| schema.ends_with(name) && fields.contains(&field))
}

/// The schemas that bodies are made of.
fn of_bodies(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for item in document["paths"].as_object().into_iter().flatten() {
        for (_, operation) in item.1.as_object().into_iter().flatten() {
            if let Some(body) = operation.get("requestBody") {
                reach(body, &document["components"]["schemas"], &mut found);
            }
        }
    }
    found
}

fn has(list: &Value, text: &str) -> bool {
    list.as_array()
        .is_some_and(|all| all.iter().any(|one| one == text))
}

/// Notes every schema that is named in a value, and in those.
fn reach(value: &Value, schemas: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = named(value)
        && found.insert(name.to_owned())
    {
        reach(&schemas[name], schemas, found);
    }
    match value {
        Value::Object(fields) => fields
            .values()
            .for_each(|value| reach(value, schemas, found)),
        Value::Array(items) => items.iter().for_each(|value| reach(value, schemas, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn named(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(PREFIX)
}

/// The same schema, or null.
fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").and_then(Value::as_str) {
        schema["type"] = json!([kind, "null"]);
    }
    if schema.get("$ref").is_some() {
        return json!({"oneOf": [schema, {"type": "null"}]});
    }
    schema
}

/// The same schema, but not null.
pub(super) fn without_null(mut schema: Value) -> Value {
    let null = json!("null");
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| *kind != null);
        if let [kind] = kinds.as_slice() {
            schema["type"] = kind.clone();
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("oneOf") {
        choices.retain(|choice| choice["type"] != null);
        if let [choice] = choices.as_mut_slice() {
            return choice.take();
        }
    }
    schema
}
