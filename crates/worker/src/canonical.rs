//! The canonical form of a worker and its hash: two spellings of the same worker are one revision.

use serde_json::{Map, Number, Value};
use vwm_api::WorkerDefinition;

/// Returns the worker as JSON with sorted keys, every default, nothing that is null and no insignificant whitespace.
#[must_use]
pub fn canonical_json(worker: &WorkerDefinition) -> String {
    let value = serde_json::to_value(worker).expect("a worker has only keys that are strings");
    canonical(value).to_string()
}

/// Returns `blake3:` and the hash of the canonical form in hexadecimal.
#[must_use]
pub fn hash(worker: &WorkerDefinition) -> String {
    format!("blake3:{}", blake3::hash(canonical_json(worker).as_bytes()))
}

fn canonical(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().filter(|(_, v)| !v.is_null()).collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            let sorted = fields.into_iter().map(|(k, v)| (k, canonical(v)));
            Value::Object(sorted.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Number(number) => Value::Number(whole(number)),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// Returns `1` for `1.0`: JSON has one kind of number.
fn whole(number: Number) -> Number {
    match number.as_f64() {
        // Below 2^53 every whole float is exactly one integer.
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
            Number::from(float as i64)
        }
        Some(_) | None => number,
    }
}
