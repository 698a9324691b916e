//! Since when the end pushes, over all jobs of the volume, and until when.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vwm_api::Timestamp;

use super::replace;

/// The time in which a push that fails is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deadline {
    /// The first try of all.
    pub(super) since: Timestamp,
    /// Afterwards what is not pushed is kept.
    pub(super) until: Timestamp,
}

impl Deadline {
    /// The deadline as it stands in the harness's folder; it begins now where none does.
    pub(super) fn begin(state: &Path, push_for_s: u32) -> io::Result<Self> {
        let path = file(state);
        let now = Timestamp::now();
        let known = match std::fs::read(&path) {
            // What cannot be read does not count.
            Ok(known) => serde_json::from_slice::<Timestamp>(&known).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // Of a moment to come a clock was set back since: until it is there again, nothing would count.
        if let Some(since) = known.filter(|known| *known <= now) {
            return Ok(Self::of(since, push_for_s));
        }
        replace(&path, |file| Ok(serde_json::to_writer(file, &now)?))?;
        Ok(Self::of(now, push_for_s))
    }

    /// The deadline of a first try.
    pub(super) fn of(since: Timestamp, push_for_s: u32) -> Self {
        let until = since.as_micros() + i64::from(push_for_s) * 1_000_000;
        Self {
            since,
            until: Timestamp::from_micros(until),
        }
    }

    /// How long there still is; none once it is over.
    pub(super) fn left(&self, now: Timestamp) -> Option<Duration> {
        let micros = self.until.as_micros() - now.as_micros();
        let left = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        (!left.is_zero()).then_some(left)
    }
}

/// A moment as a person reads it.
pub(super) fn shown(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_micros().div_euclid(1_000_000) * 1_000_000)
}

fn file(state: &Path) -> PathBuf {
    state.join("pushing-since")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_job_counts_from_the_first_try_of_all() {
        let state = tempfile::tempdir().expect("a folder");
        let first = Deadline::begin(state.path(), 600).expect("begins");
        assert_eq!(Deadline::begin(state.path(), 600).expect("goes on"), first);
        let later = Deadline::begin(state.path(), 10).expect("goes on");
        assert_eq!(later, Deadline::of(first.since, 10));
        assert_eq!(
            later.until.as_micros() - later.since.as_micros(),
            10_000_000
        );
    }

    #[test]
    fn it_is_over_at_its_moment_and_not_before() {
        let at = Timestamp::from_micros;
        let deadline = Deadline::of(at(5_000_000), 2);
        assert_eq!(deadline.left(at(6_999_999)), Some(Duration::from_micros(1)));
        assert_eq!(deadline.left(at(7_000_000)), None);
        assert_eq!(deadline.left(at(9_000_000)), None);
    }

    #[test]
    fn after_a_clock_was_set_back_and_for_what_cannot_be_read_it_begins_once_more_and_not_again_and_again()
     {
        let far = Timestamp::from_micros(Timestamp::now().as_micros() + 3_600_000_000);
        let far = serde_json::to_string(&far).expect("is JSON");
        for text in [far.as_str(), "", "\"20", "\0\0", "{}"] {
            let state = tempfile::tempdir().expect("a folder");
            std::fs::write(file(state.path()), text).expect("writes");
            let deadline = Deadline::begin(state.path(), 600).expect("begins");
            assert!(deadline.since <= Timestamp::now(), "{text:?}: {deadline:?}");
            let again = Deadline::begin(state.path(), 600).expect("goes on");
            assert_eq!(again, deadline, "{text:?}");
        }
    }
}
