//! How long git may take inside the wall: the engine can leave what never lets one end, as often as it likes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long one call may take; the first look at a large tree is the longest.
const CALL: Duration = Duration::from_secs(300);
/// After the first call that hung, reading what may hang as well gets this part of it.
const PART: u32 = 10;
/// After so many nothing of that kind is read any more.
const MOST_HANGS: u32 = 10;

/// The time for one collection of a tree. The promise: what is only read where it can be costs at most twice one call.
#[derive(Debug)]
pub struct Patience {
    call: Duration,
    hangs: AtomicU32,
}

impl Patience {
    /// Calls that may take so long each.
    #[must_use]
    pub fn new(call: Duration) -> Self {
        Self {
            call,
            hangs: AtomicU32::new(0),
        }
    }

    /// For what has to be done.
    pub(super) fn for_work(&self) -> Duration {
        self.call
    }

    /// For what is read where it can be; none once that is not worth a try.
    pub(super) fn for_reading(&self) -> Option<Duration> {
        match self.hangs.load(Ordering::Relaxed) {
            0 => Some(self.call),
            1..MOST_HANGS => Some(self.call / PART),
            _ => None,
        }
    }

    /// A call took all of its time.
    pub(super) fn note_hang(&self) {
        self.hangs.fetch_add(1, Ordering::Relaxed);
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::new(CALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_what_hangs_costs_at_most_twice_one_call() {
        let patience = Patience::new(Duration::from_secs(300));
        let mut together = Duration::ZERO;
        while let Some(time) = patience.for_reading() {
            together += time;
            patience.note_hang();
        }
        assert!(together <= Duration::from_secs(600), "{together:?}");
        assert_eq!(patience.for_work(), Duration::from_secs(300));
    }
}
