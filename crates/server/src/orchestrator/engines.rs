//! How many engines stay on this server, over all its sessions: above the bound those go that were without a turn for the longest.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::{debug, info};
use vwm_api::harness::{HarnessState, RunningEngine};
use vwm_api::{SessionId, SubsessionId};
use vwm_client::Harness;

use crate::app::App;

/// One engine.
type Key = (SessionId, SubsessionId);

/// What every harness last told of its engines.
#[derive(Default)]
pub(crate) struct Engines {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<SessionId, Told>,
    /// Those that are being let go.
    going: HashSet<Key>,
}

/// What one harness told.
struct Told {
    harness: Harness,
    version: u64,
    engines: Vec<RunningEngine>,
}

impl Told {
    /// Grows with time.
    fn age(&self) -> (i64, u64) {
        (self.harness.generation, self.version)
    }
}

impl Engines {
    /// A harness told its state. Lets engines go where there are too many.
    pub(super) fn told(
        app: &Arc<App>,
        session: SessionId,
        harness: &Harness,
        state: &HarnessState,
    ) {
        let mut known = app.engines.known();
        let newest = Told {
            harness: harness.clone(),
            version: state.version,
            engines: state.engines.clone(),
        };
        let is_older = known
            .sessions
            .get(&session)
            .is_some_and(|told| newest.age() < told.age());
        if is_older {
            return;
        }
        known.sessions.insert(session, newest);
        let most = app.config.limits.max_engines;
        for key in known.too_many(most) {
            if let Some(told) = known.sessions.get(&key.0) {
                let harness = told.harness.clone();
                known.going.insert(key);
                info!(session.id = %key.0, subsession.id = %key.1, most, "Engine is let go: too many of them run");
                app.tasks.spawn(let_go(Arc::clone(app), key, harness));
            }
        }
    }

    /// Nothing is known of a session's engines any more, as long as this generation of its job told it.
    pub(super) fn forget(&self, session: SessionId, generation: i64) {
        let mut known = self.known();
        let told = known.sessions.get(&session);
        if told.is_some_and(|told| told.harness.generation == generation) {
            known.sessions.remove(&session);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks a harness; whether the engine went is told by its state.
async fn let_go(app: Arc<App>, key: Key, harness: Harness) {
    let asked = tokio::select! {
        asked = harness.let_engine_go(key.1) => asked,
        () = app.stop.cancelled() => return,
    };
    app.engines.known().going.remove(&key);
    match asked {
        Ok(state) => Engines::told(&app, key.0, &harness, &state),
        // With the next state of any harness it is seen again.
        Err(error) => debug!(session.id = %key.0, %error, "Engine cannot be let go"),
    }
}

impl Known {
    /// Which ones go, least recently used first. What has a turn stays, however many they are.
    fn too_many(&self, most: u64) -> Vec<Key> {
        let all = || {
            let engines = self.sessions.iter().flat_map(|(session, told)| {
                told.engines.iter().map(move |engine| (session, engine))
            });
            engines
                .map(|(session, engine)| ((*session, engine.subsession), engine.idle_since))
                .filter(|(key, _)| !self.going.contains(key))
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let over = all().count().saturating_sub(most);
        if most == 0 || over == 0 {
            return Vec::new();
        }
        let mut idle: Vec<_> = all()
            .filter_map(|(key, since)| Some((since?, key)))
            .collect();
        idle.sort();
        idle.into_iter().take(over).map(|(_, key)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use vwm_api::Timestamp;
    use vwm_client::Endpoint;

    use super::*;

    /// Engines of one session that are without a turn since these seconds; none has one.
    fn session(idle: &[Option<i64>]) -> (SessionId, Vec<RunningEngine>) {
        let engine = |since: &Option<i64>| RunningEngine {
            subsession: SubsessionId::new(),
            idle_since: since.map(|seconds| Timestamp::from_micros(seconds * 1_000_000)),
        };
        (SessionId::new(), idle.iter().map(engine).collect())
    }

    fn known(sessions: &[(SessionId, Vec<RunningEngine>)]) -> Known {
        let harness = Harness {
            endpoint: Endpoint::Unix("/nowhere".into()),
            token: String::new(),
            generation: 1,
        };
        let told = |(id, engines): &(SessionId, Vec<RunningEngine>)| {
            let told = Told {
                harness: harness.clone(),
                version: 1,
                engines: engines.clone(),
            };
            (*id, told)
        };
        Known {
            sessions: sessions.iter().map(told).collect(),
            going: HashSet::new(),
        }
    }

    fn key(of: &(SessionId, Vec<RunningEngine>), engine: usize) -> Key {
        (of.0, of.1[engine].subsession)
    }

    #[test]
    fn above_the_bound_the_least_recently_used_ones_without_a_turn_go() {
        let one = session(&[Some(30), None, Some(10)]);
        let other = session(&[Some(20), None]);
        let known = known(&[one.clone(), other.clone()]);
        let lru = [key(&one, 2), key(&other, 0), key(&one, 0)];
        assert_eq!(known.too_many(5), []);
        assert_eq!(known.too_many(4), lru[..1]);
        assert_eq!(known.too_many(3), lru[..2]);
        // What has a turn stays.
        assert_eq!(known.too_many(1), lru);
        assert_eq!(known.too_many(0), [], "0 is without a bound");
    }

    #[test]
    fn what_is_being_let_go_is_neither_counted_nor_asked_again() {
        let one = session(&[Some(30), Some(20), Some(10)]);
        let mut known = known(std::slice::from_ref(&one));
        known.going.insert(key(&one, 2));
        assert_eq!(known.too_many(2), []);
        assert_eq!(known.too_many(1), [key(&one, 1)]);
    }
}
