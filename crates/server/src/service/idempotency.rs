//! What makes a call the same call: who asks, the key, and what is asked of what.

use serde_json::{Map, Value};
use vwm_api::{Key, SessionId, TurnId};
use vwm_store::Idempotency;

/// The same session twice.
pub(crate) fn of_session(caller: &Key, key: String, body: &Value) -> Idempotency {
    of(caller, key, "session", body)
}

/// The same turn twice, whichever call asks for it.
pub(crate) fn of_turn(caller: &Key, key: String, session: SessionId, body: &Value) -> Idempotency {
    of(caller, key, &format!("turn in {session}"), body)
}

/// The same retry twice.
pub(crate) fn of_retry(caller: &Key, key: String, session: SessionId, turn: TurnId) -> Idempotency {
    let what = format!("retry of {turn} in {session}");
    of(caller, key, &what, &Value::Null)
}

fn of(caller: &Key, key: String, what: &str, body: &Value) -> Idempotency {
    let mut hasher = blake3::Hasher::new();
    hasher.update(what.as_bytes()).update(b"\0");
    hasher.update(sorted(body).to_string().as_bytes());
    Idempotency {
        key_id: caller.id,
        key,
        request_hash: *hasher.finalize().as_bytes(),
    }
}

/// Two orders of the same fields are one body.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name.clone(), sorted(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
