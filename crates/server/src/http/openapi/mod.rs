//! The OpenAPI document: what the handlers' attributes say, and what holds for every call.

mod calls;
mod examples;
mod schemas;

use axum::response::IntoResponse;
use bytes::Bytes;
use http::header;
use serde_json::{Value, json};
use utoipa::OpenApi;

/// What stands before the calls.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Virtual Worker Manager",
        description = "Runs CLI coding agents as team members. Every call but `/`, `/health`, `/ready` and `/openapi.json` needs a key. Answers may get more fields and streams more types of events: pass over those that you do not know. In a body, null is as good as absent, and an unknown field is a fault."
    ),
    tags(
        (name = "sessions", description = "One sitting with a worker, and its workspace"),
        (name = "requests", description = "Prompts and what became of them"),
        (name = "files", description = "The files of a session's workspace"),
        (name = "workers", description = "The definitions of team members"),
        (name = "runtimes", description = "Where workers run"),
        (name = "settings", description = "What holds for every worker"),
        (name = "keys", description = "Who may ask"),
        (name = "service", description = "How the server is"),
    ),
    paths(answer),
    components(schemas(vwm_api::ErrorBody, vwm_api::Event))
)]
pub(super) struct Document;

/// The document as JSON, as it is served and as it stands in `clients/openapi.json`.
pub(super) fn text(document: utoipa::openapi::OpenApi) -> Bytes {
    let document = serde_json::to_value(document).expect("a document's keys are strings");
    let text = serde_json::to_string_pretty(&complete(document))
        .expect("a document of strings and numbers is JSON");
    Bytes::from(text + "\n")
}

/// Tells what can be asked, and how: this document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "service", operation_id = "getOpenapi",
    responses((status = 200, body = Value))
)]
pub(super) fn answer(document: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document)
}

/// Adds what holds for every call and every schema. What is special to one call stands in its handler's attribute.
fn complete(mut document: Value) -> Value {
    document["components"]["securitySchemes"] = json!({
        "key": {"type": "http", "scheme": "bearer"},
        "keyHeader": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    });
    calls::complete(&mut document);
    let components = &mut document["components"];
    if let Some(all) = components["schemas"].as_object_mut() {
        schemas::flatten(all);
        schemas::exclude(all);
        examples::put(all);
    }
    schemas::tell_what_is_there(&mut document);
    document
}
