//! Slots: which turns may run, where their number is bounded. The longest waiting turn comes first; one whose worker is at its own
//! limit is passed over.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vwm_api::{SessionId, Timestamp, TurnId, TurnKind, WaitReason, WorkerId};
use vwm_store::{SlotHolder, Store, StoreError, Turn};

use crate::config::Limits;

/// The slots of a server. The promise: no turn gets one while as many run as may, and none that waits longer could have had it.
pub(crate) struct Slots {
    limits: SlotLimits,
    places: Mutex<Places>,
}

/// How many turns may run at once; none is without a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct SlotLimits {
    server: Option<u64>,
    worker: Option<u64>,
}

#[derive(Default)]
struct Places {
    /// Who has a slot.
    held: HashMap<TurnId, Place>,
    /// How many of each worker.
    of_worker: HashMap<WorkerId, u64>,
    /// Who waits for one, in this order.
    line: BTreeMap<(Timestamp, TurnId), Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    session: SessionId,
    worker: WorkerId,
}

impl Slots {
    /// The slots of a server that starts: turns that harnesses may have keep theirs, also where they are more than may run by now.
    pub(crate) async fn open(limits: &Limits, store: &Store) -> Result<Self, StoreError> {
        let bound = |limit: u64| (limit > 0).then_some(limit);
        let limits = SlotLimits {
            server: bound(limits.max_turns),
            worker: bound(limits.worker_max_turns),
        };
        let slots = Self {
            limits,
            places: Mutex::default(),
        };
        if slots.are_bounded() {
            slots.keep(&store.slot_holders().await?);
        }
        Ok(slots)
    }

    /// Whether a turn may have to wait for one. Where it need not, nothing is kept in mind.
    pub(crate) fn are_bounded(&self) -> bool {
        self.limits != SlotLimits::default()
    }

    fn keep(&self, holders: &[SlotHolder]) {
        let mut places = self.places();
        for holder in holders {
            let (session, worker) = (holder.session, holder.worker_id);
            places.give(holder.id, Place { session, worker });
        }
    }

    /// Whether this turn may be given to a harness: it has a slot, gets one now, or stands in the line from now on. One that a harness
    /// may have already is not asked.
    pub(super) fn take(&self, turn: &Turn) -> bool {
        if !self.are_bounded() || turn.kind == TurnKind::Learning {
            return true;
        }
        let mut places = self.places();
        if places.held.contains_key(&turn.id) {
            return true;
        }
        let place = Place {
            session: turn.session,
            worker: turn.worker_id,
        };
        if turn.offered {
            places.line.remove(&key(turn));
            places.give(turn.id, place);
            return true;
        }
        places.line.insert(key(turn), place);
        places.serve(self.limits);
        places.held.contains_key(&turn.id)
    }

    /// Takes back what a session does not need: slots of turns that are over, and, where it is not ready to run any, all that no
    /// harness knows of. Returns the sessions that have a turn which may run now.
    pub(super) fn settle(
        &self,
        session: SessionId,
        open: &[Turn],
        is_ready: bool,
    ) -> Vec<SessionId> {
        if !self.are_bounded() {
            return Vec::new();
        }
        let needs = |id: TurnId| {
            let mut open = open.iter();
            open.any(|turn| turn.id == id && (turn.offered || is_ready && !turn.abort_asked))
        };
        let mut places = self.places();
        places
            .line
            .retain(|(_, id), place| place.session != session || needs(*id));
        let done = places.held.iter();
        let done: Vec<TurnId> = done
            .filter(|(id, place)| place.session == session && !needs(**id))
            .map(|(id, _)| *id)
            .collect();
        if done.is_empty() {
            return Vec::new();
        }
        for id in done {
            places.free(id);
        }
        let mut served = places.serve(self.limits);
        served.sort_unstable();
        served.dedup();
        served.retain(|served| *served != session);
        served
    }

    /// What a turn in the line waits for; none for one that does not stand there.
    pub(crate) fn reason(&self, id: TurnId, since: Timestamp) -> Option<WaitReason> {
        let places = self.places();
        let place = places.line.get(&(since, id))?;
        Some(if places.is_full_of(place.worker, self.limits) {
            WaitReason::WorkerLimit
        } else {
            WaitReason::ServerLimit
        })
    }

    /// Nothing can panic while the lock is held, so a poisoned one is whole.
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn give(&mut self, id: TurnId, place: Place) {
        if self.held.insert(id, place).is_none() {
            *self.of_worker.entry(place.worker).or_default() += 1;
        }
    }

    fn free(&mut self, id: TurnId) {
        let Some(place) = self.held.remove(&id) else {
            return;
        };
        if let Some(count) = self.of_worker.get_mut(&place.worker) {
            *count -= 1;
            if *count == 0 {
                self.of_worker.remove(&place.worker);
            }
        }
    }

    fn is_full(&self, limits: SlotLimits) -> bool {
        let held = self.held.len() as u64;
        limits.server.is_some_and(|limit| held >= limit)
    }

    fn is_full_of(&self, worker: WorkerId, limits: SlotLimits) -> bool {
        let held = self.of_worker.get(&worker).copied().unwrap_or_default();
        limits.worker.is_some_and(|limit| held >= limit)
    }

    /// Gives what is free to those who wait longest, and returns their sessions.
    fn serve(&mut self, limits: SlotLimits) -> Vec<SessionId> {
        let mut served = Vec::new();
        while !self.is_full(limits) {
            let mut line = self.line.iter();
            let next = line.find(|(_, place)| !self.is_full_of(place.worker, limits));
            let Some((key, place)) = next.map(|(key, place)| (*key, *place)) else {
                break;
            };
            self.line.remove(&key);
            self.give(key.1, place);
            served.push(place.session);
        }
        served
    }
}

/// Who asked first is first; of those who asked at once, the one whose id is older.
fn key(turn: &Turn) -> (Timestamp, TurnId) {
    (turn.created_at, turn.id)
}
