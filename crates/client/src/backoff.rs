//! How long to wait before asking again, and when to give up.

use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits that double, within a patience that begins with the first of them.
#[derive(Debug)]
pub(crate) struct Backoff {
    patience: Duration,
    next: Duration,
    until: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            next: FIRST,
            until: None,
        }
    }

    /// Waits; false when the patience is at its end.
    pub(crate) async fn wait(&mut self) -> bool {
        let now = Instant::now();
        let until = *self.until.get_or_insert(now + self.patience);
        if now >= until {
            return false;
        }
        tokio::time::sleep(self.next.min(until - now)).await;
        self.next = (self.next * 2).min(LONGEST);
        true
    }

    /// All is well again.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
        self.until = None;
    }
}
