//! An example of each request and each answer, at its schema. `tests/api/openapi_examples.rs` sends and reads them all.

use serde_json::{Map, Value, json};

/// One value by schema.
const EXAMPLES: &str = include_str!("examples.json");

/// A stream of two events, as it goes over the wire.
pub(super) const FRAMES: &str = "retry: 1000\n\nid: 7\ndata: {\"type\":\"text\",\"data\":\"The build is red because\",\"requestId\":\"01970000-0000-7000-8000-000000000004\",\"subsessionId\":\"01970000-0000-7000-8000-000000000003\"}\n\n:\n\n";

/// Puts each example at its schema, where the document has it.
pub(super) fn put(schemas: &mut Map<String, Value>) {
    let examples: Map<String, Value> =
        serde_json::from_str(EXAMPLES).expect("the file of examples is an object");
    for (name, example) in examples {
        if let Some(schema) = schemas.get_mut(&name) {
            schema["examples"] = json!([example]);
        }
    }
}
