//! The line to one harness: its state as it was last told, and the pump of its journal.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use vwm_api::harness::HarnessState;
use vwm_client::Harness;
use vwm_jobs as jobs;

use super::pump;
use crate::app::App;

/// After a call that failed; whether the job is gone is for `observe` to say.
const AGAIN: Duration = Duration::from_millis(100);

/// A line to a harness. Dropping it stops what runs for it, and leaves the harness as it is.
pub(super) struct Link {
    pub(super) harness: Harness,
    state: Arc<watch::Sender<Option<HarnessState>>>,
    _stop: DropGuard,
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
        app.tasks.spawn({
            let (harness, state, wake) = (harness.clone(), Arc::clone(&state), Arc::clone(wake));
            let (stop, server) = (stop.clone(), app.stop.clone());
            async move {
                tokio::select! {
                    () = follow(&harness, &state, &wake) => {}
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
            _stop: stop.drop_guard(),
        }
    }

    /// The state as it was last told.
    pub(super) fn state(&self) -> Option<HarnessState> {
        self.state.borrow().clone()
    }

    /// Takes the answer of a call for the newest state, unless a newer one is known.
    pub(super) fn told(&self, answer: HarnessState) {
        learn(&self.state, answer);
    }
}

fn learn(known: &watch::Sender<Option<HarnessState>>, told: HarnessState) -> bool {
    known.send_if_modified(|known| {
        let is_newer = known
            .as_ref()
            .is_none_or(|known| (known.version, known.last_n) < (told.version, told.last_n));
        if is_newer {
            *known = Some(told);
        }
        is_newer
    })
}

async fn follow(harness: &Harness, state: &watch::Sender<Option<HarnessState>>, wake: &Notify) {
    let mut version = None;
    loop {
        match harness.state(version).await {
            Ok(told) => {
                version = Some(told.version);
                if learn(state, told) {
                    wake.notify_one();
                }
            }
            Err(error) => {
                tracing::debug!(%error, "Harness does not answer");
                wake.notify_one();
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
