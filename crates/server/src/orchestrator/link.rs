//! The line to one harness: its state as it was last told, and the pump of its journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use vwm_api::SessionId;
use vwm_api::harness::{HarnessState, Phase};
use vwm_client::{ClientError, Harness};
use vwm_jobs as jobs;

use super::engines::Engines;
use super::pump;
use crate::app::App;

/// After a call that failed; whether the job is gone is for `observe` to say.
const AGAIN: Duration = Duration::from_millis(100);
/// A harness that has not answered for so long is stopped or has very much to do: it holds a question for 10 s at most.
const SILENT: Duration = Duration::from_secs(15);

/// A line to a harness. Dropping it stops what runs for it, and leaves the harness as it is.
pub(super) struct Link {
    pub(super) harness: Harness,
    state: Arc<watch::Sender<Option<HarnessState>>>,
    is_silent: Arc<AtomicBool>,
    app: Arc<App>,
    session: SessionId,
    _stop: DropGuard,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.app
            .engines
            .forget(self.session, self.harness.generation);
    }
}

impl Link {
    /// Opens a line; `wake` is told of every change.
    pub(super) fn open(
        app: &Arc<App>,
        id: jobs::JobId,
        endpoint: jobs::Endpoint,
        wake: &Arc<Notify>,
    ) -> Self {
        let harness = app.harness(id, endpoint);
        let stop = CancellationToken::new();
        let state = Arc::new(watch::Sender::new(None));
        let is_silent = Arc::new(AtomicBool::new(false));
        app.tasks.spawn({
            let follower = Follower {
                app: Arc::clone(app),
                session: id.session,
                harness: harness.clone(),
                state: Arc::clone(&state),
                is_silent: Arc::clone(&is_silent),
                wake: Arc::clone(wake),
            };
            let (stop, server) = (stop.clone(), app.stop.clone());
            async move {
                tokio::select! {
                    () = follower.follow() => {}
                    () = stop.cancelled() => {}
                    () = server.cancelled() => {}
                }
            }
        });
        app.tasks.spawn({
            let (app, harness, wake, stop) = (
                Arc::clone(app),
                harness.clone(),
                Arc::clone(wake),
                stop.clone(),
            );
            async move {
                tokio::select! {
                    () = pump::run(&app, id.session, &harness, &wake) => {}
                    () = stop.cancelled() => {}
                    () = app.stop.cancelled() => {}
                }
            }
        });
        Self {
            harness,
            state,
            is_silent,
            app: Arc::clone(app),
            session: id.session,
            _stop: stop.drop_guard(),
        }
    }

    /// The state as it was last told.
    pub(super) fn state(&self) -> Option<HarnessState> {
        self.state.borrow().clone()
    }

    /// What is to be said of a harness that is there, and has not answered for many seconds.
    pub(super) fn silence(&self) -> Option<String> {
        let why = "its harness does not answer: it is stopped, or waits for a disk; it goes on where it was once it can";
        self.is_silent
            .load(Ordering::Relaxed)
            .then(|| why.to_owned())
    }

    /// What is wrong with a session that is ready.
    pub(super) fn trouble(&self) -> Option<String> {
        let told = || {
            let state = self.state.borrow();
            let ready = state.as_ref().filter(|state| state.phase == Phase::Ready)?;
            ready.reason.clone()
        };
        self.silence().or_else(told)
    }

    /// Takes the answer of a call for the newest state, unless a newer one is known.
    pub(super) fn told(&self, answer: HarnessState) {
        Engines::told(&self.app, self.session, &self.harness, &answer);
        learn(&self.state, answer);
    }
}

/// Takes a state unless a newer one is known; says whether there is anything in it for the plan.
fn learn(known: &watch::Sender<Option<HarnessState>>, told: HarnessState) -> bool {
    let mut is_news = false;
    known.send_if_modified(|known| {
        let is_newer = known
            .as_ref()
            .is_none_or(|known| (known.version, known.last_n) < (told.version, told.last_n));
        if is_newer {
            is_news = known
                .as_ref()
                .is_none_or(|known| !differ_by_engines_only(known, &told));
            *known = Some(told);
        }
        is_newer
    });
    is_news
}

/// Engines come and go with each turn, and the plan does not ask for them.
fn differ_by_engines_only(known: &HarnessState, told: &HarnessState) -> bool {
    let without = |state: &HarnessState| HarnessState {
        version: 0,
        engines: Vec::new(),
        ..state.clone()
    };
    known.engines != told.engines && without(known) == without(told)
}

/// Asks a harness for its state, again and again.
struct Follower {
    app: Arc<App>,
    session: SessionId,
    harness: Harness,
    state: Arc<watch::Sender<Option<HarnessState>>>,
    is_silent: Arc<AtomicBool>,
    wake: Arc<Notify>,
}

impl Follower {
    async fn follow(self) {
        let mut version = None;
        loop {
            let asked = timeout(SILENT, self.harness.state(version)).await;
            let is_silent = matches!(asked, Err(_) | Ok(Err(ClientError::Silent { .. })));
            if self.is_silent.swap(is_silent, Ordering::Relaxed) != is_silent {
                self.wake.notify_one();
            }
            match asked {
                Ok(Ok(told)) => {
                    version = Some(told.version);
                    Engines::told(&self.app, self.session, &self.harness, &told);
                    if learn(&self.state, told) {
                        self.wake.notify_one();
                    }
                }
                Ok(Err(error)) => {
                    tracing::debug!(session.id = %self.session, %error, "Harness does not answer");
                    self.wake.notify_one();
                    tokio::time::sleep(AGAIN).await;
                }
                Err(_) => {
                    tracing::warn!(session.id = %self.session, "Harness has not answered for {} s", SILENT.as_secs());
                }
            }
        }
    }
}
