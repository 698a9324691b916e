//! One clock for every process of a machine.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since some moment that is the same for all processes.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).expect("the clock begins at the machine's start");
    let rest = u64::try_from(now.tv_nsec).expect("a part of a second is not negative");
    seconds * 1_000_000_000 + rest
}

/// Nanoseconds as milliseconds.
#[allow(clippy::cast_precision_loss, reason = "a benchmark lasts minutes")]
pub(crate) fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}
