//! How the reference shows a schema: its type and bounds in words, its fields as a table.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The name at the end of a reference; none where it is a schema of its own.
pub(super) fn named(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// The items of a list; none where it is none.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text as it stands in a table.
pub(super) fn cell(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default();
    text.replace('\n', " ").replace('|', "\\|")
}

/// A schema's type and bounds. What has fields is a link to them.
pub(super) fn kind(schema: &Value, schemas: &Value) -> String {
    if let Some(name) = named(schema) {
        let schema = &schemas[name];
        return match schema["properties"] {
            Value::Object(_) => format!("[{name}](#{})", name.to_lowercase()),
            _ => kind(schema, schemas),
        };
    }
    let variants: Vec<_> = list(&schema["oneOf"])
        .map(|variant| kind(variant, schemas))
        .collect();
    if !variants.is_empty() {
        return variants.join(" or ");
    }
    let values: Vec<_> = list(&schema["enum"]).filter_map(Value::as_str).collect();
    if !values.is_empty() {
        return format!("`{}`", values.join("`, `"));
    }
    let types: Vec<_> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        many => list(many).filter_map(Value::as_str).collect(),
    };
    let can_be_null = types.contains(&"null");
    let types = types.into_iter().filter(|name| *name != "null");
    let types = types.map(|name| match name {
        "array" => {
            let items = kind(&schema["items"], schemas);
            format!("array of {}", items.replacen(", ", ", each ", 1))
        }
        "string" => text(&schema["format"]).to_owned(),
        "object" if schema["additionalProperties"].is_object() => {
            let values = kind(&schema["additionalProperties"], schemas);
            format!("object of {values}")
        }
        name => name.to_owned(),
    });
    let types: Vec<_> = types.collect();
    let null = if can_be_null { " or null" } else { "" };
    match types.as_slice() {
        [] => "any JSON".to_owned(),
        _ => types.join(" or ") + &bounds(schema) + null,
    }
}

/// What a string holds.
fn text(format: &Value) -> &'static str {
    match format.as_str() {
        Some("uuid") => "string (uuid)",
        Some("date-time") => "string (time)",
        Some("binary") => "bytes",
        Some(_) | None => "string",
    }
}

fn bounds(schema: &Value) -> String {
    let mut words = String::new();
    for (least, most, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ] {
        // Writing to a text cannot fail.
        let _ = match (&schema[least], &schema[most]) {
            (Value::Null, Value::Null) => Ok(()),
            (Value::Null, most) => write!(words, ", at most {most}{unit}"),
            (least, Value::Null) => write!(words, ", at least {least}{unit}"),
            (least, most) => write!(words, ", {least} to {most}{unit}"),
        };
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        let _ = write!(words, ", `{}`", pattern.replace('|', "\\|"));
    }
    words
}

/// What a field means: its own words, or those of the schema that it names.
pub(super) fn meaning(field: &Value, schemas: &Value) -> String {
    let parts = list(&field["oneOf"]);
    let own = std::iter::once(field).chain(parts);
    let told = own.map(|part| cell(&part["description"]));
    let told = told.filter(|text| !text.is_empty());
    let fallback = || named(field).map(|name| cell(&schemas[name]["description"]));
    told.into_iter()
        .next()
        .or_else(fallback)
        .unwrap_or_default()
}

/// The fields of an object as a table; `mark` says what stands beside one that must be there, and beside one that need not.
pub(super) fn fields(schema: &Value, schemas: &Value, mark: [&str; 2], page: &mut String) {
    let none = Map::new();
    let all = schema["properties"].as_object().unwrap_or(&none);
    if all.is_empty() {
        return;
    }
    *page += "\n| field | type | | what it means |\n|---|---|---|---|\n";
    for (name, field) in all {
        let must = list(&schema["required"]).any(|it| it == name);
        let mark = mark[usize::from(!must)];
        let _ = writeln!(
            page,
            "| `{name}` | {} | {mark} | {} |",
            kind(field, schemas),
            meaning(field, schemas)
        );
    }
}
