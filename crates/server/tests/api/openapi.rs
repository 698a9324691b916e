//! The OpenAPI document: what is served is what is committed, it is whole, and a generator can use it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::kit::TestApp;

/// The document, as a client reads it.
pub(crate) struct Document(pub(crate) Value);

impl Document {
    pub(crate) async fn of(app: &TestApp) -> Self {
        let text = app.get_text("/openapi.json").await;
        Self(serde_json::from_str(&text).expect("the document is JSON"))
    }

    /// Path, method and operation of each call.
    pub(crate) fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().expect("paths");
        let calls = paths.iter().flat_map(|(path, item)| {
            let item = item.as_object().expect("a path item");
            let call = |(method, operation)| (path.as_str(), String::as_str(method), operation);
            item.iter().map(call)
        });
        calls.collect()
    }

    /// What a value says, or what it refers to.
    pub(crate) fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(place) => {
                let pointer = place.strip_prefix('#').expect("it refers to itself");
                let found = self.0.pointer(pointer);
                found.unwrap_or_else(|| panic!("there is no {place}"))
            }
            None => value,
        }
    }
}

/// Each value of a document that is an object.
fn objects<'d>(value: &'d Value, found: &mut Vec<&'d Map<String, Value>>) {
    match value {
        Value::Object(fields) => {
            found.push(fields);
            fields.values().for_each(|value| objects(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| objects(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let app = TestApp::start().await;
    let served = app.get_text("/openapi.json").await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/openapi.json");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    if committed != served {
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("makes a folder");
        std::fs::write(&file, served).expect("the document can be written");
        panic!(
            "clients/openapi.json was out of date and is written anew: look at the difference and commit it"
        );
    }
}

#[tokio::test]
async fn every_call_has_a_name_of_its_own_and_says_what_it_does_and_answers() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let version = document.0["openapi"].as_str().expect("a version");
    assert!(version.starts_with("3.1."), "{version}");
    let tags = document.0["tags"].as_array().expect("tags");
    let tags: Vec<_> = tags.iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in document.operations() {
        let call = format!("{method} {path}");
        let text = |field: &str| operation[field].as_str().unwrap_or_default();
        let id = text("operationId");
        assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{call}");
        assert!(ids.insert(id), "{call} has the name {id}, as another has");
        assert!(tags.contains(&&operation["tags"][0]), "{call} has no tag");
        assert!(text("summary").ends_with(['.', ':']), "{call}: no summary");
        let answers = operation["responses"].as_object().expect("answers");
        let succeeds = answers.keys().any(|status| status.starts_with('2'));
        assert!(succeeds, "{call} never succeeds");
        for (status, answer) in answers {
            let answer = document.resolved(answer);
            let what = answer["description"].as_str().unwrap_or_default();
            assert!(!what.is_empty(), "{call} does not say what {status} is");
            let body = &answer["content"]["application/json"]["schema"]["$ref"];
            let is_error = body == "#/components/schemas/ErrorBody";
            assert_eq!(is_error, !status.starts_with('2'), "{call}: {status}");
        }
    }
}

#[tokio::test]
async fn every_parameter_is_in_its_path_and_none_can_be_null() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    for (path, method, operation) in document.operations() {
        let parameters = operation["parameters"].as_array().expect("parameters");
        let of_path = parameters.iter().filter(|given| given["in"] == "path");
        let told: BTreeSet<_> = of_path.filter_map(|given| given["name"].as_str()).collect();
        let held = path.split('{').skip(1);
        let held: BTreeSet<_> = held.filter_map(|rest| rest.split('}').next()).collect();
        assert_eq!(told, held, "{method} {path}");
        for parameter in parameters {
            let schema = document.resolved(&parameter["schema"]);
            let text = schema.to_string();
            assert!(!text.contains("null"), "{method} {path}: {text}");
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_nothing_is_there_for_nobody() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let mut found = Vec::new();
    objects(&document.0, &mut found);
    let mut named = BTreeSet::new();
    for object in found {
        if let Some(place) = object.get("$ref") {
            document.resolved(&json!({ "$ref": place }));
            named.extend(place.as_str());
        }
        assert!(!object.contains_key("allOf"), "not flat: {object:?}");
    }
    for part in ["schemas", "responses", "headers"] {
        let all = document.0["components"][part].as_object().expect("parts");
        for name in all.keys().filter(|name| *name != "Event") {
            let place = format!("#/components/{part}/{name}");
            assert!(named.contains(place.as_str()), "nothing refers to {place}");
        }
    }
}
