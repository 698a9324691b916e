//! The orchestrator: makes true what the store says. Level-triggered, one run per session at a time, waked by signal and timer.

mod act;
pub(crate) mod clock;
mod deadlines;
pub(crate) mod engines;
mod keeper;
mod link;
mod plan;
mod pump;
mod setup;
pub(crate) mod slots;
pub(crate) mod wanted;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};
use vwm_api::SessionId;

use crate::app::App;
use act::{After, Runner};

/// How often every live session is looked at, whatever the signals say.
const SWEEP: Duration = Duration::from_secs(10);
/// How long a session rests after a failure, and at most after many in a row.
const SHORTEST_PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often the same failure of a session is told.
const TOLD_AGAIN: Duration = Duration::from_secs(60);
/// How many sessions are looked at at once: more would only wait for the database.
const LOOKS: usize = 16;
/// How many jobs are started at once: each is a process that begins, and some have to be waited for.
const STARTS: usize = 16;

/// Starts the orchestrator's tasks.
pub fn start(app: &Arc<App>) {
    spawn(app, async |app| run(&app).await);
    spawn(app, async |app| clock::keep(&app).await);
    spawn(app, async |app| keeper::keep(&app).await);
}

/// Runs a task until the server stops.
fn spawn<F>(app: &Arc<App>, task: impl FnOnce(Arc<App>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let stop = app.stop.clone();
    let task = task(Arc::clone(app));
    app.tasks.spawn(async move {
        tokio::select! {
            () = task => {}
            () = stop.cancelled() => {}
        }
    });
}

async fn run(app: &Arc<App>) {
    let mut wakes = app.store.take_wakes();
    let runners = Arc::new(Runners::default());
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            session = wakes.recv() => match session {
                Some(session) => runners.wake(app, session),
                None => return,
            },
            _ = sweep.tick() => match app.store.live_sessions().await {
                Ok(sessions) => sessions.into_iter().for_each(|session| runners.wake(app, session)),
                Err(error) => warn!(%error, "Live sessions cannot be read"),
            },
        }
    }
}

/// How many do at once what costs much.
struct Gates {
    looks: Semaphore,
    starts: Semaphore,
}

/// Who runs which session: one for each.
#[derive(Default)]
struct Runners {
    seats: Mutex<HashMap<SessionId, Arc<Notify>>>,
    gates: Arc<Gates>,
}

/// A runner's place. As long as it lives nobody else runs the session; it goes also when the runner panics, and then the sweep finds
/// the session without one.
struct Seat {
    runners: Arc<Runners>,
    session: SessionId,
    notify: Arc<Notify>,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            looks: Semaphore::new(LOOKS),
            starts: Semaphore::new(STARTS),
        }
    }
}

impl Runners {
    /// Wakes the session's runner, or starts one.
    fn wake(self: &Arc<Self>, app: &Arc<App>, session: SessionId) {
        let mut seats = self.seats();
        if let Some(notify) = seats.get(&session) {
            return notify.notify_one();
        }
        let notify = Arc::new(Notify::new());
        seats.insert(session, Arc::clone(&notify));
        let seat = Seat {
            runners: Arc::clone(self),
            session,
            notify,
        };
        spawn(app, |app| orchestrate(app, seat));
    }

    /// Nothing can panic while the lock is held, so a poisoned one is whole.
    fn seats(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Notify>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.runners.seats();
        let is_ours = |notify: &Arc<Notify>| Arc::ptr_eq(notify, &self.notify);
        if seats.get(&self.session).is_some_and(is_ours) {
            seats.remove(&self.session);
        }
    }
}

/// Runs one session until nothing is left to do.
async fn orchestrate(app: Arc<App>, seat: Seat) {
    let (session, notify) = (seat.session, Arc::clone(&seat.notify));
    let gates = Arc::clone(&seat.runners.gates);
    let mut runner = Runner::new(app, session, Arc::clone(&notify), gates);
    let mut failures = Failures::default();
    loop {
        // Taken before the look: news that come while we look wake us again.
        let woken = notify.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        match runner.pass().await {
            Ok(After::Again) => {}
            Ok(After::Wait(wait)) => {
                failures = Failures::default();
                tokio::select! {
                    () = woken => {}
                    () = sleep(wait) => {}
                }
            }
            Ok(After::Rest) => {
                let mut seats = seat.runners.seats();
                // A wake that came meanwhile holds the permit: then it is looked at again.
                if futures_util::FutureExt::now_or_never(woken).is_none() {
                    seats.remove(&session);
                    return;
                }
            }
            // A wake waits for the pause, too: what wakes may be the failure itself.
            Err(error) => sleep(failures.tell(session, vwm_api::chain(&error))).await,
        }
    }
}

/// The failures of a session in a row.
struct Failures {
    pause: Duration,
    told: Option<(String, Instant)>,
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            pause: SHORTEST_PAUSE / 2,
            told: None,
        }
    }
}

impl Failures {
    /// Logs one, unless the same was told a moment ago, and returns how long to rest.
    fn tell(&mut self, session: SessionId, error: String) -> Duration {
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let is_known = self
            .told
            .as_ref()
            .is_some_and(|(told, at)| *told == error && at.elapsed() < TOLD_AGAIN);
        if is_known {
            debug!(session.id = %session, error, "Session is tried again");
        } else {
            warn!(session.id = %session, error, "Session is tried again");
            self.told = Some((error, Instant::now()));
        }
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_that_is_gone_however_it_went_leaves_its_seat() {
        let runners = Arc::new(Runners::default());
        let session = SessionId::new();
        let sit = || {
            let notify = Arc::new(Notify::new());
            runners.seats().insert(session, Arc::clone(&notify));
            let runners = Arc::clone(&runners);
            Seat {
                runners,
                session,
                notify,
            }
        };
        let first = sit();
        let panicked = std::thread::spawn(move || {
            let _first = first;
            panic!("a runner panics");
        });
        assert!(panicked.join().is_err() && runners.seats().is_empty());
        // One who comes after it keeps his.
        let (first, _second) = (sit(), sit());
        drop(first);
        assert_eq!(runners.seats().len(), 1);
    }

    #[test]
    fn failures_in_a_row_come_ever_slower_and_are_not_told_each_time() {
        let mut failures = Failures::default();
        let session = SessionId::new();
        let pauses: Vec<u128> = (0..9)
            .map(|_| failures.tell(session, "no disk".to_owned()).as_millis())
            .collect();
        assert_eq!(pauses, [40, 80, 160, 320, 640, 1280, 2560, 5000, 5000]);
        let first = failures.told.clone();
        failures.tell(session, "no disk".to_owned());
        assert_eq!(failures.told, first);
        failures.tell(session, "no store".to_owned());
        assert_ne!(failures.told, first);
    }
}
