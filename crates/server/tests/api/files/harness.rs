//! A place for jobs that has one harness for all, which is scripted: the names of files are what it plays.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::UnixListener;
use vwm_api::harness::{FileWritten, Health, PushAnswer, PushOrder};
use vwm_api::{ErrorBody, HARNESS_PROTOCOL, SessionId, SessionStatus};
use vwm_jobs::{Endpoint, JobBackend, JobError, JobId, JobSpec, JobStatus, Volume};

use crate::kit::TestApp;

/// A place where every session has the same job, whose harness plays what the name of a file says.
#[derive(Debug)]
pub(super) struct Scripted {
    socket: PathBuf,
    _folder: TempDir,
    /// Files by path.
    pub(super) files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Looks at the job that find it on its way.
    pub(super) starting: AtomicUsize,
    /// Calls after that which find a job of another generation.
    pub(super) foreign: AtomicUsize,
}

#[derive(Debug, Clone)]
struct Shared(Arc<Scripted>);

impl JobBackend for Shared {
    fn ensure<'a>(&'a self, _: &'a JobSpec) -> BoxFuture<'a, Result<(), JobError>> {
        async { Ok(()) }.boxed()
    }

    fn observe<'a>(&'a self, _: &'a JobId) -> BoxFuture<'a, Result<JobStatus, JobError>> {
        let why = "it starts".to_owned();
        let endpoint = Endpoint::Unix(self.0.socket.clone());
        let is_up = !one_less(&self.0.starting);
        async move {
            Ok(if is_up {
                JobStatus::Up { endpoint }
            } else {
                JobStatus::Pending { why }
            })
        }
        .boxed()
    }

    fn remove<'a>(&'a self, _: &'a JobId, _: Volume) -> BoxFuture<'a, Result<(), JobError>> {
        async { Ok(()) }.boxed()
    }

    fn push<'a>(&'a self, _: &'a PushOrder) -> BoxFuture<'a, Result<PushAnswer, JobError>> {
        async { Ok(PushAnswer::Pushed) }.boxed()
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), JobError>> {
        async { Ok(()) }.boxed()
    }
}

fn one_less(count: &AtomicUsize) -> bool {
    let less = |count: usize| count.checked_sub(1);
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

/// What a file's name makes the harness say.
fn refusal(path: &str) -> Option<Response> {
    let status = path.strip_prefix("says-")?.parse::<u16>().ok()?;
    let body = ErrorBody {
        error: format!("it says {status}"),
        details: Vec::new(),
        request_id: None,
    };
    let status = StatusCode::from_u16(status).ok()?;
    Some((status, Json(body)).into_response())
}

async fn health(State(script): State<Arc<Scripted>>) -> Response {
    if one_less(&script.foreign) {
        return refusal("says-401").expect("it is one");
    }
    Json(Health {
        protocol: HARNESS_PROTOCOL,
        session: SessionId::new(),
        generation: 0,
        pid: 1,
        last_n: 0,
    })
    .into_response()
}

async fn file(
    State(script): State<Arc<Scripted>>,
    Query(query): Query<BTreeMap<String, String>>,
    method: Method,
    body: Body,
) -> Response {
    let path = query["path"].clone();
    if let Some(refusal) = refusal(&path) {
        return refusal;
    }
    let files = || script.files.lock().expect("nobody panicked");
    if method == Method::PUT {
        let Ok(body) = body.collect().await else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let content = body.to_bytes().to_vec();
        let bytes = content.len() as u64;
        files().insert(path, content);
        return Json(FileWritten { bytes }).into_response();
    }
    let found = if method == Method::DELETE {
        files().remove(&path)
    } else {
        files().get(&path).cloned()
    };
    let Some(found) = found else {
        return refusal("says-404").expect("it is one");
    };
    if method == Method::DELETE {
        return StatusCode::NO_CONTENT.into_response();
    }
    found.into_response()
}

async fn list(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let path = query.get("path").map_or("", String::as_str);
    let list =
        json!({"path": if path.is_empty() { "." } else { path }, "items": [], "truncated": false});
    refusal(path).unwrap_or_else(|| Json(list).into_response())
}

/// A server with an active session whose harness is scripted.
pub(super) async fn start() -> (TestApp, Arc<Scripted>, SessionId) {
    start_with(u64::MAX).await
}

pub(super) async fn start_with(upload_max: u64) -> (TestApp, Arc<Scripted>, SessionId) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let script = Arc::new(Scripted {
        socket,
        _folder: folder,
        files: Mutex::default(),
        starting: AtomicUsize::new(0),
        foreign: AtomicUsize::new(0),
    });
    let router = Router::new()
        .route("/health", get(health))
        .route("/files", get(list))
        .route("/file", any(file))
        .with_state(Arc::clone(&script));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let jobs = Box::new(Shared(Arc::clone(&script)));
    let app = TestApp::start_on_with(jobs, |config| config.upload_max = upload_max).await;
    let id = app.session(SessionStatus::Active).await;
    (app, script, id)
}
