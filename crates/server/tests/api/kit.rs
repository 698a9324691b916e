//! The plumbing: a server's parts in a folder, requests through the router, answers as text without what differs each time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use vwm_api::harness::{Entry, Happened, Outcome, Record, TurnOrder};
use vwm_api::{
    AgentEvent, CliType, Role, SessionId, SessionStatus, Timestamp, Trigger, TurnStatus,
};
use vwm_jobs::JobBackend;
use vwm_server::{App, Config, http::router};
use vwm_store::Turn;

/// A server without a listener and without an orchestrator.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) key: String,
    router: Router,
    folder: TempDir,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::open_with(change, |_| {}).await
    }

    /// A server whose jobs run elsewhere.
    pub(crate) async fn start_on(jobs: Box<dyn JobBackend>) -> Self {
        Self::start_on_with(jobs, |_| {}).await
    }

    /// Likewise, with other settings.
    pub(crate) async fn start_on_with(
        jobs: Box<dyn JobBackend>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::open_with(change, |app| app.jobs = jobs).await
    }

    async fn open_with(change: impl FnOnce(&mut Config), replace: impl FnOnce(&mut App)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::in_folder(folder.path());
        change(&mut config);
        let mut app = App::open(config).await.expect("it opens");
        replace(Arc::get_mut(&mut app).expect("nobody else has it yet"));
        let key = std::fs::read_to_string(folder.path().join("admin.key")).expect("the admin key");
        Self {
            router: router(Arc::clone(&app)),
            app,
            key,
            folder,
        }
    }

    /// A key of a role.
    pub(crate) async fn key_of(&self, role: Role) -> String {
        let key = format!("vwm_test_{}", role.as_str());
        let hash = self.app.keys.hash_of(&key);
        self.app
            .store
            .create_key(role.as_str(), role, hash)
            .await
            .expect("a key");
        key
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    /// An answer to nobody in particular, as it came.
    pub(crate) async fn get_text(&self, path: &str) -> String {
        let request = Request::get(path).body(Body::empty());
        let answer = self.open(request.expect("a request")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let body = answer.into_body().collect().await.expect("a body");
        String::from_utf8(body.to_bytes().to_vec()).expect("text")
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, &[], Some(body)).await
    }

    /// Sends JSON and leaves the answer's body unread, as one who hangs up.
    pub(crate) async fn post_unread(&self, path: &str, body: Value) -> Reply {
        let request = Request::post(path)
            .header("x-api-key", &self.key)
            .body(Body::from(body.to_string()));
        let (parts, _) = self.open(request.expect("a request")).await.into_parts();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: Value::Null,
        }
    }

    /// Sends JSON as the admin, with further headers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {}", self.key));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.raw(request.body(body).expect("a request")).await
    }

    /// Sends a request as it is, and reads the whole answer.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Reply {
        let answer = self.open(request).await;
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = || Value::from(String::from_utf8_lossy(&bytes).into_owned());
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()),
        }
    }

    /// Sends a request, and leaves its answer to be read.
    pub(crate) async fn open(&self, request: Request<Body>) -> http::Response<Body> {
        let router = self.router.clone();
        router.oneshot(request).await.expect("a router never fails")
    }

    /// A worker that has all it needs.
    pub(crate) async fn worker(&self, name: &str) -> Value {
        let runtime = self.get("/admin/runtimes/by-name/local").await.body;
        let worker = json!({"name": name, "runtimeId": runtime["id"], "cliType": "claude-code"});
        let reply = self.post("/admin/workers", worker).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{reply}");
        reply.body
    }

    /// A worker that learns, with a knowledge base or without.
    pub(crate) async fn learner(&self, name: &str, knowledge_base: Option<&str>) {
        let worker = self.worker(name).await;
        let path = format!("/admin/workers/{}", worker["id"].as_str().expect("an id"));
        let change = json!({"autoLearn": true, "workerRepoUrl": knowledge_base});
        let reply = self.put(&path, change).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply}");
    }

    /// A session of a new worker, moved to a status as an orchestrator would.
    pub(crate) async fn session(&self, to: SessionStatus) -> SessionId {
        self.worker("bob").await;
        self.session_of("bob", to).await
    }

    /// A session of a worker that there is, likewise.
    pub(crate) async fn session_of(&self, worker: &str, to: SessionStatus) -> SessionId {
        let repository = json!({"url": "https://example.com/code.git", "branch": "trunk"});
        let new = json!({"workerName": worker, "repository": repository});
        let reply = self.post("/sessions", new).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{reply}");
        let id = reply.text("id").parse().expect("an id");
        let triggers: &[Trigger] = match to {
            SessionStatus::Pending => &[],
            SessionStatus::Active => &[Trigger::Ready],
            SessionStatus::Suspended => &[Trigger::Ready, Trigger::Suspend],
            SessionStatus::Failed => &[Trigger::GiveUp],
            SessionStatus::Ending => &[Trigger::End],
            SessionStatus::Ended => &[Trigger::End, Trigger::Ended],
        };
        for trigger in triggers {
            self.trigger(id, *trigger).await;
        }
        id
    }

    /// Moves a session as an orchestrator would.
    pub(crate) async fn trigger(&self, id: SessionId, trigger: Trigger) {
        let row = self.app.store.session(id).await.expect("a read");
        let from = row.expect("the session").session.status;
        let moved = self.app.store.move_session(id, from, trigger, None).await;
        assert!(
            moved.expect("a write").is_some(),
            "{trigger:?} from {from:?}"
        );
    }

    /// Waits for the turn that a request makes meanwhile.
    pub(crate) async fn open_turn(&self, session: SessionId) -> Turn {
        let mut news = self.app.store.watch(session);
        loop {
            let open = self.app.store.open_turns(session).await.expect("a read");
            if let Some(turn) = open.into_iter().next() {
                return turn;
            }
            let wait = tokio::time::timeout(Duration::from_secs(20), news.changed());
            wait.await.expect("a turn within 20 s");
        }
    }

    /// Prompts a session, and lets the prompt end well.
    pub(crate) async fn complete_a_prompt(&self, id: SessionId) {
        let path = format!("/sessions/{id}/stream");
        self.post_unread(&path, json!({"prompt": "hi"})).await;
        let turn = self.open_turn(id).await;
        self.run_turn(&turn, "hello").await;
    }

    /// Stores what a harness would have journaled: the turn began, said this, and ended well.
    pub(crate) async fn run_turn(&self, turn: &Turn, text: &str) {
        let order = TurnOrder {
            turn: turn.id,
            subsession: turn.subsession,
            kind: turn.kind,
            prompt: turn.prompt.clone(),
            timeout_s: turn.timeout_s,
        };
        let said = Entry::Event {
            turn: Some(turn.id),
            subsession: Some(turn.subsession),
            event: Happened::Agent(AgentEvent::Text(text.to_owned())),
        };
        let outcome = Outcome {
            status: TurnStatus::Complete,
            response: text.to_owned(),
            artifacts: vec!["README.md".to_owned()],
            tokens_in: Some(11),
            tokens_out: Some(7),
            cost_usd: Some(0.25),
            cost_total_usd: Some(0.25),
            model: Some("scripted-1".to_owned()),
            duration_ms: Some(40),
            raw_format: Some("stream-json".to_owned()),
            raw: "{}\n".to_owned(),
            engine: Some(CliType::ClaudeCode),
            error: None,
        };
        let ended = Entry::Ended {
            turn: turn.id,
            outcome: Box::new(outcome),
        };
        let row = self.app.store.session(turn.session).await.expect("a read");
        let pumped = row.expect("the session").pumped_n;
        let entries = [
            Entry::Accepted { order },
            Entry::Sent { turn: turn.id },
            said,
            ended,
        ];
        let records = (pumped + 1..).zip(entries).map(|(n, entry)| Record {
            n,
            at: Timestamp::now(),
            generation: 1,
            entry,
        });
        let stored = self
            .app
            .store
            .store_records(turn.session, records.collect());
        stored.await.expect("the records follow");
    }

    /// The folder that everything is in.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Reply {
    /// A field that is a string.
    pub(crate) fn text(&self, field: &str) -> &str {
        let text = self.body[field].as_str();
        text.unwrap_or_else(|| panic!("no {field} in {self}"))
    }

    /// Path and code of every fault.
    pub(crate) fn faults(&self) -> Vec<(&str, &str)> {
        let details = self.body["details"].as_array();
        let details = details.unwrap_or_else(|| panic!("no faults in {self}"));
        details
            .iter()
            .map(|fault| {
                let path = fault["path"].as_str().expect("a path");
                (path, fault["code"].as_str().expect("a code"))
            })
            .collect()
    }
}

/// Status and body, with every id and time replaced by what it is.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = self.body.clone();
        scrub(&mut body);
        let body = match &body {
            Value::String(text) => text.clone(),
            other => serde_json::to_string_pretty(other).expect("JSON"),
        };
        write!(f, "{} {body}", self.status.as_u16())
    }
}

fn scrub(value: &mut Value) {
    match value {
        Value::String(text) if text.len() == 36 && text.parse::<SessionId>().is_ok() => {
            *text = "[id]".to_owned();
        }
        Value::String(text) if text.starts_with("20") && text.ends_with('Z') => {
            *text = "[time]".to_owned();
        }
        Value::String(text) if text.starts_with("blake3:") => *text = "[hash]".to_owned(),
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Object(fields) => fields.values_mut().for_each(scrub),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
