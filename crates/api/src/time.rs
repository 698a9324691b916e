//! Times are cut to microseconds, which both databases can hold.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in UTC, to the microsecond; RFC 3339 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = DateTime))]
#[serde(transparent)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The present moment.
    #[must_use]
    pub fn now() -> Self {
        let wrong_by = vwm_failpoints::clock_shift_micros();
        Self::from_micros(jiff::Timestamp::now().as_microsecond() + wrong_by)
    }

    /// The moment so many microseconds after 1970; one that no calendar has is cut to the nearest.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let nearest = if micros < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        Self(jiff::Timestamp::from_microsecond(micros).unwrap_or(nearest))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Milliseconds from an earlier moment to this one; none is negative, clocks may step back.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        ((self.as_micros() - earlier.as_micros()) / 1000).max(0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
