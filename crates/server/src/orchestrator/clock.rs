//! The clock on the wall against the one that only goes forward: a jump of the first must neither suspend nor end a session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;
use vwm_api::Timestamp;

use crate::app::App;

/// How often the two are compared.
const EACH: Duration = Duration::from_secs(1);
/// What less than this is, is a clock that is being set right, or a machine that was busy.
const JUMP: i64 = 2_000_000;

/// Compares the two clocks.
#[derive(Debug)]
pub(crate) struct Clock(Mutex<Anchor>);

/// The moment up to which all is well, on both clocks.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    wall: Timestamp,
    steady: Instant,
}

/// The clock on the wall jumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Jump {
    /// How far, in microseconds; negative is back.
    micros: i64,
    /// Within how many microseconds before now.
    within: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Mutex::new(Anchor::now()))
    }
}

impl Anchor {
    fn now() -> Self {
        Self {
            wall: Timestamp::now(),
            steady: Instant::now(),
        }
    }

    /// How far the wall's clock went, from here to there, beyond what the other one did.
    fn jump_to(self, then: Self) -> Option<Jump> {
        let went = then.steady.saturating_duration_since(self.steady);
        let within = i64::try_from(went.as_micros()).unwrap_or(i64::MAX);
        let micros = then.wall.as_micros() - self.wall.as_micros() - within;
        (micros.abs() >= JUMP).then_some(Jump { micros, within })
    }
}

impl Clock {
    /// Whether what is counted by the clock on the wall can be believed just now; where not, it is so again within a second or two.
    pub(crate) fn is_steady(&self) -> bool {
        self.anchor().jump_to(Anchor::now()).is_none()
    }

    fn anchor(&self) -> Anchor {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, anchor: Anchor) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = anchor;
    }
}

/// Compares the clocks, and takes each jump out of what is counted.
pub(super) async fn keep(app: &Arc<App>) {
    let mut each = tokio::time::interval(EACH);
    each.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        each.tick().await;
        let now = Anchor::now();
        let Some(jump) = app.clock.anchor().jump_to(now) else {
            app.clock.set(now);
            continue;
        };
        // What the store does not take is tried again: until then nothing ends by the clock.
        match app.store.shift_clock(jump.micros, jump.within).await {
            Ok(()) => {
                app.clock.set(now);
                warn!(
                    jump_ms = jump.micros / 1000,
                    "The machine's clock jumped by {} ms; no session ages by that",
                    jump.micros / 1000
                );
            }
            Err(error) => {
                let error = vwm_api::chain(&error);
                warn!(
                    error,
                    "The machine's clock jumped, and that cannot be stored yet"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_jump_is_what_the_wall_went_beyond_the_steady_clock() {
        let start = Anchor {
            wall: Timestamp::from_micros(1_800_000_000_000_000),
            steady: Instant::now(),
        };
        let after = |steady: u64, wall: i64| {
            start.jump_to(Anchor {
                wall: Timestamp::from_micros(start.wall.as_micros() + wall * 1000),
                steady: start.steady + Duration::from_millis(steady),
            })
        };
        assert_eq!(after(1000, 1000), None);
        assert_eq!(
            after(60_000, 61_999),
            None,
            "a clock that is being set right"
        );
        let jump = |micros, within| Some(Jump { micros, within });
        assert_eq!(after(1000, 3_601_000), jump(3_600_000_000, 1_000_000));
        assert_eq!(after(1500, -2_000), jump(-3_500_000, 1_500_000));
    }
}
