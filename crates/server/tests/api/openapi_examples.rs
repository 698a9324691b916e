//! The examples of the OpenAPI document: each request is sent and succeeds, and each answer can be read.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use vwm_api::{
    AbortAnswer, AbortRequest, AcceptedRequest, Answer, Engine, ErrorBody, Event, FileChange,
    FileList, Key, KeyWithSecret, NewKey, NewRuntime, NewSession, NewSettingValue, NewWorker,
    Prompt, PushResult, RequestView, Runtime, RuntimeChange, ServerHealth, ServerName,
    ServerStatus, Session, SessionPage, SessionStatus, Setting, Stats, TelemetryRow, Worker,
    WorkerChange, WorkerRevision,
};

use crate::kit::TestApp;
use crate::openapi::Document;

/// Reads a value as one of the shared words and says it again.
type Read = fn(Value) -> serde_json::Result<Value>;

fn read<T: DeserializeOwned + Serialize>(value: Value) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_value::<T>(value)?)
}

macro_rules! words {
    ($($word:ident)*) => {
        BTreeMap::from([$((stringify!($word), read::<$word> as Read)),*])
    };
}

impl Document {
    /// The schema of a JSON body, by name; of a list, that of its items.
    fn word(&self, body: &Value) -> Option<String> {
        let schema = &body["content"]["application/json"]["schema"];
        let place = schema.get("items").unwrap_or(schema);
        let name = place["$ref"].as_str()?;
        name.rsplit('/').next().map(str::to_owned)
    }

    /// Holds a value against a schema: what must be there is there, and what is there is known.
    fn hold(&self, schema: &Value, value: &Value, place: &str) {
        let schema = self.resolved(schema);
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let mut choices = choices.map(|choice| self.resolved(choice));
        let fits = |choice: &&Value| match value.get("type") {
            Some(kind) => choice["properties"]["type"]["enum"][0] == *kind,
            None => (choice["type"] == "null") == value.is_null(),
        };
        let schema = choices.find(fits).unwrap_or(schema);
        if let (Value::Object(fields), Some(known)) = (value, schema["properties"].as_object()) {
            for name in schema["required"].as_array().into_iter().flatten() {
                let name = name.as_str().expect("a name");
                assert!(fields.contains_key(name), "{place} has no {name}");
            }
            for (name, value) in fields {
                let place = format!("{place}.{name}");
                let schema = known.get(name);
                let schema = schema.unwrap_or_else(|| panic!("{place} is not documented"));
                self.hold(schema, value, &place);
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.hold(&schema["items"], item, place);
        }
    }

    fn example(&self, word: &str) -> &Value {
        let example = &self.0["components"]["schemas"][word]["examples"][0];
        assert!(
            !example.is_null(),
            "{word} has no example: write one into examples.json"
        );
        example
    }
}

#[tokio::test]
async fn every_request_and_every_answer_has_an_example_that_is_what_it_says() {
    let requests = words!(AbortRequest NewKey NewRuntime NewSession NewSettingValue NewWorker Prompt RuntimeChange WorkerChange);
    let answers = words!(AbortAnswer AcceptedRequest Answer Engine ErrorBody Event FileChange FileList Key KeyWithSecret PushResult
        RequestView Runtime ServerHealth ServerName ServerStatus Session SessionPage Setting Stats TelemetryRow Worker WorkerRevision);
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    let mut used = BTreeSet::from(["Event".to_owned()]);
    for (_, _, operation) in document.operations() {
        used.extend(document.word(&operation["requestBody"]));
        for answer in operation["responses"]
            .as_object()
            .expect("answers")
            .values()
        {
            used.extend(document.word(document.resolved(answer)));
        }
    }
    for word in used {
        let example = document.example(&word);
        if let Some(read) = answers.get(word.as_str()) {
            // All that an answer says, in the example and nothing more.
            assert_eq!(&read(example.clone()).expect(&word), example, "{word}");
            let schema = format!("#/components/schemas/{word}");
            document.hold(&json!({ "$ref": schema }), example, &word);
        } else {
            let read = requests.get(word.as_str());
            let read = read.unwrap_or_else(|| panic!("{word} is missing in the lists above"));
            read(example.clone()).expect(&word);
        }
    }
}

#[tokio::test]
async fn every_request_that_is_an_example_succeeds() {
    let app = TestApp::start().await;
    let document = Document::of(&app).await;
    for (path, method, operation) in document.operations() {
        let Some(word) = document.word(&operation["requestBody"]) else {
            continue;
        };
        let method: Method = method.to_uppercase().parse().expect("a method");
        let call = format!("{method} {path}");
        let reply = send(path, method, &word, document.example(&word).clone()).await;
        let (status, headers) = (reply.status.as_str(), &reply.headers);
        let answer = &operation["responses"][status];
        assert!(reply.status.is_success(), "{call}: {reply}");
        assert!(answer.is_object(), "{call}: {status} is not documented");
        for name in answer["headers"].as_object().expect("headers").keys() {
            assert!(headers.contains_key(name), "{call} has no {name}");
        }
        let kinds = answer["content"].as_object();
        let told: Vec<_> = kinds.into_iter().flatten().map(|(kind, _)| kind).collect();
        let came = headers.get("content-type");
        let came: Vec<_> = came.iter().filter_map(|kind| kind.to_str().ok()).collect();
        assert_eq!(came, told, "{call}");
    }
}

/// Sends an example to a server of its own that has what the example speaks of.
async fn send(path: &str, method: Method, word: &str, mut body: Value) -> crate::kit::Reply {
    let app = TestApp::start().await;
    let runtime = app.get("/admin/runtimes/by-name/local").await;
    let mut path = path
        .replace("{runtime}", runtime.text("id"))
        .replace("{setting}", "system_agent_md");
    if body.get("runtimeId").is_some() {
        body["runtimeId"] = runtime.body["id"].clone();
    }
    if word != "NewWorker" {
        let worker = app.worker("bob").await;
        path = path.replace("{worker}", worker["id"].as_str().expect("an id"));
    }
    if !path.contains("{session}") {
        return app.send(method, &path, &[], Some(body)).await;
    }
    let session = app.session_of("bob", SessionStatus::Active).await;
    path = path.replace("{session}", &session.to_string());
    if word == "Prompt" {
        let run = async { app.run_turn(&app.open_turn(session).await, "hello").await };
        let (reply, ()) = tokio::join!(app.send(method, &path, &[], Some(body)), run);
        return reply;
    }
    let prompt = json!({"prompt": "hi"});
    app.post_unread(&format!("/sessions/{session}/stream"), prompt)
        .await;
    body["requestId"] = app.open_turn(session).await.id.to_string().into();
    app.send(method, &path, &[], Some(body)).await
}
