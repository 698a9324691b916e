//! The harness's HTTP server, on its UNIX socket: translates, and lets the session do it.

mod files;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio_util::io::ReaderStream;
use vwm_api::harness::{
    EndOrder, GENERATION_HEADER, HarnessState, Health, Setup, TurnAck, TurnOrder,
};
use vwm_api::{ErrorBody, HARNESS_PROTOCOL, SubsessionId, TurnId};

use crate::session::{Refused, Session};

/// How much of the journal one read may bring.
const READ: usize = 256 << 10;
/// Between comments on a stream where nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The largest body: a prompt has at most 1 MiB, a setup with its texts less than this.
const BODY: usize = 16 << 20;

/// The routes.
pub(crate) fn router(session: Arc<Session>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/session", get(state).put(set_up))
        .route("/turns/{id}", put(start_turn))
        .route("/turns/{id}/abort", put(abort_turn))
        .route("/events", get(events))
        .route("/engines/{subsession}/let-go", put(let_go))
        .route("/end", put(end))
        .route("/collected/{name}", get(collected))
        .route("/files", get(files::list))
        .route(
            "/file",
            get(files::read).put(files::write).delete(files::delete),
        )
        .layer(axum::extract::DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&session), check))
        .with_state(session)
}

/// Lets in only the server: by the job's token, and not an older job's.
async fn check(State(session): State<Arc<Session>>, request: Request, next: Next) -> Response {
    let shown = bearer(request.headers()).unwrap_or_default();
    if !bool::from(shown.as_bytes().ct_eq(session.boot.token.as_bytes())) {
        return refuse(StatusCode::UNAUTHORIZED, "the job token is wrong");
    }
    let generation = request
        .headers()
        .get(GENERATION_HEADER)
        .and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
    match generation {
        Some(generation) if generation == session.boot.generation => {}
        Some(_) => {
            return refuse(
                StatusCode::CONFLICT,
                "this harness serves another generation of the job",
            );
        }
        None => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "the header x-vwm-generation is missing",
            );
        }
    }
    session.touch();
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

fn refuse(status: StatusCode, error: &str) -> Response {
    let body = ErrorBody {
        error: error.to_owned(),
        details: Vec::new(),
        request_id: None,
    };
    (status, Json(body)).into_response()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotReady | Self::Ending => StatusCode::CONFLICT,
            Self::UnknownTurn => StatusCode::NOT_FOUND,
            Self::Journal(_) => StatusCode::INSUFFICIENT_STORAGE,
        };
        refuse(status, &vwm_api::chain(&self))
    }
}

async fn health(State(session): State<Arc<Session>>) -> Json<Health> {
    Json(Health {
        protocol: HARNESS_PROTOCOL,
        session: session.boot.session,
        generation: session.boot.generation,
        pid: std::process::id(),
        last_n: session.journal.last_n(),
    })
}

#[derive(Deserialize)]
struct After {
    after: Option<u64>,
}

async fn state(
    State(session): State<Arc<Session>>,
    Query(query): Query<After>,
) -> Json<HarnessState> {
    if let Some(after) = query.after {
        tokio::select! {
            _ = session.state.after(after) => {}
            // A question that is held must not hold the end.
            () = session.stop.cancelled() => {}
        }
    }
    Json(session.told_state())
}

async fn set_up(
    State(session): State<Arc<Session>>,
    Json(setup): Json<Setup>,
) -> Result<Json<HarnessState>, Refused> {
    session.set_up(setup)?;
    Ok(Json(session.told_state()))
}

async fn start_turn(
    State(session): State<Arc<Session>>,
    Path(id): Path<TurnId>,
    Json(order): Json<TurnOrder>,
) -> Result<Json<TurnAck>, Refused> {
    if order.turn != id {
        return Err(Refused::UnknownTurn);
    }
    let status = to_its_end(async move { session.start_turn(order).await }).await?;
    Ok(Json(TurnAck { status }))
}

async fn abort_turn(
    State(session): State<Arc<Session>>,
    Path(id): Path<TurnId>,
) -> Result<Json<TurnAck>, Refused> {
    let status = to_its_end(async move { session.abort_turn(id).await }).await?;
    Ok(Json(TurnAck { status }))
}

/// Does it also when who asked hangs up: a server may be killed at any time, and a turn that is journaled must not be left there.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Result<T, Refused> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The harness ends just now.
            Err(_) => std::future::pending().await,
        },
    }
}

#[derive(Deserialize)]
struct AfterRecord {
    #[serde(default)]
    after: i64,
}

async fn events(
    State(session): State<Arc<Session>>,
    Query(query): Query<AfterRecord>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stop = session.stop.clone();
    Sse::new(records(session, query.after).take_until(stop.cancelled_owned()))
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
}

/// The journal after n, and then what comes: reading is one loop, the watch only wakes it.
fn records(session: Arc<Session>, after: i64) -> impl Stream<Item = Result<Event, Infallible>> {
    let newest = session.journal.watch();
    stream::unfold(
        (session, newest, after),
        |(session, mut newest, after)| async move {
            loop {
                newest.borrow_and_update();
                match session.journal.read_after(after, READ) {
                    Ok(lines) if lines.is_empty() => {}
                    Ok(lines) => {
                        session.touch();
                        let last = lines.last().map_or(after, |(n, _)| *n);
                        let frames: Vec<_> = lines
                            .into_iter()
                            .map(|(n, line)| Ok(Event::default().id(n.to_string()).data(line)))
                            .collect();
                        return Some((stream::iter(frames), (session, newest, last)));
                    }
                    Err(error) => {
                        tracing::error!(%error, "Journal cannot be read");
                        return None;
                    }
                }
                newest.changed().await.ok()?;
            }
        },
    )
    .flatten()
}

async fn let_go(
    State(session): State<Arc<Session>>,
    Path(subsession): Path<SubsessionId>,
) -> Json<HarnessState> {
    session.let_engine_go(subsession).await;
    Json(session.told_state())
}

async fn end(
    State(session): State<Arc<Session>>,
    Json(order): Json<EndOrder>,
) -> Result<Json<HarnessState>, Refused> {
    session.end(order);
    Ok(Json(session.told_state()))
}

async fn collected(State(session): State<Arc<Session>>, Path(name): Path<String>) -> Response {
    let known = session
        .told_state()
        .collected
        .iter()
        .any(|kept| kept.name == name);
    let path = session.collected_folder().join(&name);
    // The folder is the harness's own; only names that it told are opened.
    match tokio::fs::File::open(path).await {
        Ok(file) if known => {
            Body::from_stream(ReaderStream::with_capacity(file, 64 << 10)).into_response()
        }
        _ => refuse(StatusCode::NOT_FOUND, "nothing of that name was collected"),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_asked_is_done_although_who_asked_hung_up() {
        let (go, may_go) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let mut asked = Box::pin(to_its_end(async move {
            may_go.await.expect("it is let go");
            done.send(()).expect("the test waits");
            Ok(())
        }));
        assert!((&mut asked).now_or_never().is_none());
        drop(asked);
        go.send(()).expect("it goes on");
        is_done.await.expect("it is done");
    }
}
