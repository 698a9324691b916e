//! The OpenAPI document: what the handlers' attributes say, and what holds for every call.

use axum::response::IntoResponse;
use bytes::Bytes;
use http::header;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Required, SecurityRequirement};

/// What stands before the calls.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Virtual Worker Manager",
        description = "Runs CLI coding agents as team members. Every call but `/`, `/health`, `/ready` and `/openapi.json` needs a key."
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
    components(schemas(vwm_api::ErrorBody, vwm_api::Event))
)]
pub(super) struct Document;

/// What needs no key.
const OPEN: [&str; 4] = ["/", "/health", "/ready", "/openapi.json"];

/// The document as JSON, as it is served and as it stands in `clients/openapi.json`.
pub(super) fn text(document: utoipa::openapi::OpenApi) -> Bytes {
    let text = complete(document)
        .to_pretty_json()
        .expect("a document of strings and numbers is JSON");
    Bytes::from(text + "\n")
}

/// `GET /openapi.json`
pub(super) fn answer(document: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document)
}

/// Adds what holds for every call: who may ask, the parameters of its path, the failures that any call of its kind can have. What is
/// special to one call stands in its handler's attribute.
fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let header = ApiKey::Header(ApiKeyValue::new("X-Api-Key"));
    components.add_security_scheme("keyHeader", SecurityScheme::ApiKey(header));
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        // Axum says that a parameter may hold slashes; OpenAPI cannot.
        let path = path.replace("{*", "{");
        let is_open = OPEN.contains(&path.as_str());
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            complete_operation(&path, is_open, operation);
        }
        document.paths.paths.insert(path, item);
    }
    document
}

fn complete_operation(path: &str, is_open: bool, operation: &mut Operation) {
    let none: [&str; 0] = [];
    let keys = ["key", "keyHeader"].map(|name| SecurityRequirement::new(name, none));
    operation.security = Some(if is_open { Vec::new() } else { keys.into() });
    let given = operation.parameters.take().unwrap_or_default();
    let has_input = operation.request_body.is_some() || !given.is_empty();
    let mut parameters: Vec<_> = names(path).map(of_path).map(RefOr::from).collect();
    let is_found = !parameters.is_empty();
    parameters.extend(given);
    operation.parameters = Some(parameters);
    let mut fail = |status: &str, what: &str| {
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_owned())
            .or_insert_with(|| failure(what).into());
    };
    fail(
        "500",
        "Our fault; the server's log has the cause under `requestId`",
    );
    if path != "/" && path != "/health" && path != "/openapi.json" {
        fail(
            "503",
            "Not now: the server stops, or cannot work; ask again after `Retry-After`",
        );
    }
    if !is_open {
        fail("401", "No key, or none that is known");
        fail("403", "The key's role may not do this");
    }
    if is_found {
        fail("404", "There is no such thing");
    }
    if has_input {
        fail("400", "The input has faults: all of them in `details`");
    }
    if operation.request_body.is_some() {
        fail("408", "The body came too slowly");
        fail("413", "The body is too large");
        fail("415", "The body is not of a kind that is understood");
    }
}

/// The names of a path's parameters.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
}

fn of_path(name: &str) -> Parameter {
    let string = ObjectBuilder::new().schema_type(Type::String);
    let (schema, what) = match name {
        "name" | "setting" => (string.min_length(Some(1)), "The name"),
        "path" => (
            string.min_length(Some(1)),
            "Relative to the workspace's root; slashes stay as they are, the rest is percent-encoded",
        ),
        _ => (
            string.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
            "The id",
        ),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(what))
        .schema(Some(schema.build()))
        .build()
}

fn failure(what: &str) -> Response {
    let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    ResponseBuilder::new()
        .description(what)
        .content("application/json", body)
        .build()
}
