//! The orchestrator: makes true what the store says. Level-triggered, one run per session at a time, waked by signal and timer.

mod act;
mod link;
mod plan;
mod pump;
mod setup;
pub(crate) mod wanted;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tracing::warn;
use vwm_api::SessionId;

use crate::app::App;
use act::{After, Runner};

/// How often every live session is looked at, whatever the signals say.
const SWEEP: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

type Runners = Arc<Mutex<HashMap<SessionId, Arc<Notify>>>>;

/// Starts the orchestrator's tasks.
pub fn start(app: &Arc<App>) {
    let app = Arc::clone(app);
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let stop = app.stop.clone();
        tokio::select! {
            () = run(&app) => {}
            () = stop.cancelled() => {}
        }
    });
}

async fn run(app: &Arc<App>) {
    let mut wakes = app.store.take_wakes();
    let runners = Runners::default();
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            session = wakes.recv() => match session {
                Some(session) => wake(app, &runners, session),
                None => return,
            },
            _ = sweep.tick() => match app.store.live_sessions().await {
                Ok(sessions) => sessions.into_iter().for_each(|session| wake(app, &runners, session)),
                Err(error) => warn!(%error, "Live sessions cannot be read"),
            },
        }
    }
}

/// Wakes the session's runner, or starts one.
fn wake(app: &Arc<App>, runners: &Runners, session: SessionId) {
    let mut known = runners.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(notify) = known.get(&session) {
        return notify.notify_one();
    }
    let notify = Arc::new(Notify::new());
    known.insert(session, Arc::clone(&notify));
    let (app, runners) = (Arc::clone(app), Arc::clone(runners));
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let stop = app.stop.clone();
        tokio::select! {
            () = orchestrate(app, session, notify, runners) => {}
            () = stop.cancelled() => {}
        }
    });
}

/// Runs one session until nothing is left to do.
async fn orchestrate(app: Arc<App>, session: SessionId, notify: Arc<Notify>, runners: Runners) {
    let mut runner = Runner::new(app, session, Arc::clone(&notify));
    let mut pause = Duration::from_millis(20);
    loop {
        // Taken before the look: news that come while we look wake us again.
        let woken = notify.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let wait = match runner.pass().await {
            Ok(After::Again) => {
                pause = Duration::from_millis(20);
                continue;
            }
            Ok(After::Wait(wait)) => {
                pause = Duration::from_millis(20);
                wait
            }
            Ok(After::Rest) => {
                let mut known = runners.lock().unwrap_or_else(PoisonError::into_inner);
                // A wake that came meanwhile holds the permit: then it is looked at again.
                if futures_util::FutureExt::now_or_never(woken).is_none() {
                    known.remove(&session);
                    return;
                }
                continue;
            }
            Err(error) => {
                warn!(session.id = %session, error = vwm_api::chain(&error), "Session is tried again");
                pause = (pause * 2).min(LONGEST_PAUSE);
                pause
            }
        };
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}
