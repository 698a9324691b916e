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

    /// Waits, at least as long as the other side asked for; false when the patience is at its end, or would be by then.
    pub(crate) async fn wait(&mut self, at_least: Option<Duration>) -> bool {
        let now = Instant::now();
        let until = *self.until.get_or_insert(now + self.patience);
        let at_least = at_least.unwrap_or_default();
        if now >= until || at_least > until - now {
            return false;
        }
        tokio::time::sleep(self.next.min(until - now).max(at_least)).await;
        self.next = (self.next * 2).min(LONGEST);
        true
    }

    /// All is well again.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
        self.until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_waits_as_long_as_it_is_asked_to_and_gives_up_where_that_is_too_long() {
        let mut backoff = Backoff::new(Duration::from_secs(10));
        let began = Instant::now();
        assert!(backoff.wait(Some(Duration::from_secs(7))).await);
        assert_eq!(began.elapsed(), Duration::from_secs(7));
        assert!(!backoff.wait(Some(Duration::from_secs(4))).await);
        assert_eq!(began.elapsed(), Duration::from_secs(7));
        assert!(backoff.wait(None).await);
        backoff.reset();
        assert!(backoff.wait(Some(Duration::from_secs(9))).await);
    }
}
