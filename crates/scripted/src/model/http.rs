//! The model server's paths: its controls, and below any other path the model APIs.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, Ask, Operation};
use super::call::{Call, CallKind};
use super::plan::plan;
use super::play;
use super::script::Usage;
use super::server::App;

/// More than any engine sends, with pictures.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// A key with this in it is refused.
const REFUSED_KEY: &str = "invalid";

/// Returns the whole route table.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/__health", get(health))
        .route("/__log", get(log))
        .route("/__release/{gate}", post(release))
        .route("/__held/{gate}", get(held))
        .route("/__hold/{gate}", post(hold))
        .fallback(ask)
        .with_state(app)
}

async fn health(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"ok": true, "calls": app.log.after(0).len()}))
}

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    since: u64,
}

async fn log(State(app): State<Arc<App>>, Query(query): Query<LogQuery>) -> Json<Vec<Call>> {
    Json(app.log.after(query.since))
}

async fn release(State(app): State<Arc<App>>, Path(gate): Path<String>) -> Json<Value> {
    app.gates.release(&gate);
    Json(json!({"released": gate}))
}

async fn held(State(app): State<Arc<App>>, Path(gate): Path<String>) -> Json<Value> {
    app.gates.held(&gate).await;
    Json(json!({"held": gate}))
}

async fn hold(State(app): State<Arc<App>>, Path(gate): Path<String>) -> Json<Value> {
    app.gates.pass(&gate).await;
    Json(json!({"released": gate}))
}

/// Answers everything that is no control.
async fn ask(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let found = Api::find(&path).filter(|_| parts.method == Method::POST);
    let Some((api, operation, prefix)) = found else {
        return unknown(&app, &parts);
    };
    let mut call = Call {
        prefix: prefix.to_owned(),
        ..call(&parts)
    };
    let body = match read(body).await {
        Ok(body) => body,
        Err((status, message)) => {
            call.status = status;
            app.log.add(|n| Call { n, ..call }).land();
            return play::refuse(api, status, Some(&message), None);
        }
    };
    let ask = api.ask(&body);
    describe(&mut call, &ask, body);

    if call
        .key
        .as_ref()
        .is_some_and(|key| key.contains(REFUSED_KEY))
    {
        (call.kind, call.status) = (plan(&app.script, &ask).kind, 401);
        app.log.add(|n| Call { n, ..call }).land();
        return play::refuse(api, 401, None, None);
    }
    if operation == Operation::Count {
        call.kind = CallKind::Count;
        app.log.add(|n| Call { n, ..call }).land();
        let usage = app.script.usage.over(Usage::default());
        return Json(api.count(usage.input)).into_response();
    }
    let plan = plan(&app.script, &ask);
    let step = app.count_faults(plan.step, plan.name);
    call.kind = plan.kind;
    call.status = match step.error {
        _ if step.drop_first_bytes => 0,
        Some(status) => status,
        None => 200,
    };
    let flight = app.log.add(|n| Call { n, ..call });
    play::play(&app, api, ask, step, flight).await
}

/// Whatever engines ask beside their model: a HEAD is welcome, the rest is not here.
fn unknown(app: &App, parts: &Parts) -> Response {
    let status = if parts.method == Method::HEAD {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    let call = Call {
        status: status.as_u16(),
        ..call(parts)
    };
    app.log.add(|n| Call { n, ..call }).land();
    let message = format!("there is no {} {} here", parts.method, parts.uri.path());
    (status, Json(json!({"error": {"message": message}}))).into_response()
}

fn call(parts: &Parts) -> Call {
    Call {
        n: 0,
        kind: CallKind::Other,
        method: parts.method.to_string(),
        path: parts
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        prefix: String::new(),
        model: None,
        stream: false,
        key: key(&parts.headers),
        last_user: String::new(),
        step: 0,
        status: 200,
        tools: Vec::new(),
        max_tokens: None,
        body: Value::Null,
        client_gone: false,
    }
}

fn describe(call: &mut Call, ask: &Ask, body: Value) {
    call.model = Some(ask.model.clone());
    call.stream = ask.stream;
    call.last_user = ask.last_user().to_owned();
    call.step = ask.step;
    call.tools.clone_from(&ask.tools);
    call.max_tokens = ask.max_tokens;
    call.body = body;
}

fn key(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name)?.to_str().ok();
    let bearer = text(header::AUTHORIZATION.as_str()).and_then(|it| it.strip_prefix("Bearer "));
    text("x-api-key").or(bearer).map(str::to_owned)
}

async fn read(body: Body) -> Result<Value, (u16, String)> {
    let bytes = to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|fault| (413, format!("cannot read the body: {fault}")))?;
    serde_json::from_slice(&bytes).map_err(|fault| (400, format!("the body is no JSON: {fault}")))
}
