//! How long to wait before asking again, and when to give up.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

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
        let pause = jittered(self.next, Uuid::new_v4());
        tokio::time::sleep(pause.min(until - now).max(at_least)).await;
        self.next = (self.next * 2).min(LONGEST);
        true
    }

    /// All is well again.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
        self.until = None;
    }
}

/// Between half of it and all: clients that were cut off together do not come back together.
fn jittered(pause: Duration, chance: Uuid) -> Duration {
    // All of these bits are chance.
    let (_, low) = chance.as_u64_pair();
    let part = u32::try_from(low & 0xffff).expect("16 bits fit");
    pause / 2 + pause / 2 * part / 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_between_half_of_it_and_all() {
        let pause = Duration::from_millis(50);
        assert_eq!(jittered(pause, Uuid::nil()), pause / 2);
        assert_eq!(jittered(pause, Uuid::max()), pause);
    }

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
