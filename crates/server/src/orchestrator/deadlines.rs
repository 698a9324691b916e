//! What a session is due for by the clock alone: it was idle for long, its time is nearly up, its time is up. Pure.

use std::time::Duration;

use vwm_api::{SessionStatus, Timestamp};
use vwm_store::SessionRow;

/// How long before its end a session is told of it; one with less time than that is told at half of it.
const TOLD_BEFORE: Duration = Duration::from_secs(300);

/// What a session is due for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Its time is up: it ends.
    TimeUp,
    /// Its time is nearly up: it is told.
    Told {
        /// How long it still has.
        left: Duration,
    },
    /// Nobody used it since this moment or before: it is suspended, if that is still so.
    Idle {
        /// Whoever used it later keeps it.
        unused_since: Timestamp,
    },
}

/// What is due, and how long until the next look is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Deadlines {
    /// What is due now.
    pub(super) due: Option<Due>,
    /// How long until something else is; none without a bound.
    pub(super) next: Option<Duration>,
}

/// Looks at the clock for a session. `is_quiet` says that nothing runs, waits or is wanted there.
pub(super) fn look(
    row: &SessionRow,
    idle_timeout: Duration,
    is_quiet: bool,
    now: Timestamp,
) -> Deadlines {
    let session = &row.session;
    let has_job = match session.status {
        SessionStatus::Pending | SessionStatus::Active => true,
        SessionStatus::Suspended
        | SessionStatus::Ending
        | SessionStatus::Ended
        | SessionStatus::Failed => false,
    };
    if !has_job {
        return Deadlines::default();
    }
    let mut found = Deadlines::default();
    if session.timeout > 0 {
        let whole = Duration::from_secs(u64::from(session.timeout));
        let left = whole.saturating_sub(row.active);
        if left.is_zero() {
            found.due = Some(Due::TimeUp);
            return found;
        }
        let before = if whole > TOLD_BEFORE {
            TOLD_BEFORE
        } else {
            whole / 2
        };
        if row.ending_told {
            found.next = Some(left);
        } else if left <= before {
            found.due = Some(Due::Told { left });
            return found;
        } else {
            found.next = Some(left - before);
        }
    }
    if session.status == SessionStatus::Active && !idle_timeout.is_zero() {
        if !is_quiet {
            // A file call ends without waking anybody.
            found.next = Some(
                found
                    .next
                    .map_or(idle_timeout, |next| next.min(idle_timeout)),
            );
            return found;
        }
        let idle = u64::try_from(now.as_micros() - session.last_activity_at.as_micros());
        let left = idle_timeout.saturating_sub(Duration::from_micros(idle.unwrap_or(0)));
        if left.is_zero() {
            let bound = i64::try_from(idle_timeout.as_micros()).unwrap_or(i64::MAX);
            let unused_since = Timestamp::from_micros(now.as_micros().saturating_sub(bound));
            found.due = Some(Due::Idle { unused_since });
        } else {
            found.next = Some(found.next.map_or(left, |next| next.min(left)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use vwm_api::{Session, SessionId, WorkerId};

    use super::*;

    const START: i64 = 1_800_000_000_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(START + seconds * 1_000_000)
    }

    fn row(status: SessionStatus, timeout: u32, active: u64) -> SessionRow {
        SessionRow {
            session: Session {
                id: SessionId::new(),
                worker_id: WorkerId::new(),
                worker_revision: 1,
                status,
                status_since: at(0),
                status_reason: None,
                end_step: None,
                resuming: false,
                repository: None,
                breadcrumbs: Vec::new(),
                timeout,
                auto_delete_branch: false,
                wall: None,
                created_at: at(0),
                last_activity_at: at(100),
                ended_at: None,
                active_seconds: 0,
                warnings: Vec::new(),
                unpushed: Vec::new(),
            },
            last_seq: 1,
            pumped_n: 0,
            generation: 1,
            active: Duration::from_secs(active),
            resume_asked: false,
            failed_resumes: 0,
            ending_told: false,
        }
    }

    #[test]
    fn the_time_of_a_session_is_told_once_and_then_up() {
        let mut table = String::new();
        for (timeout, active, ending_told) in [
            (0, 1_000_000, false),
            (3600, 0, false),
            (3600, 3299, false),
            (3600, 3300, false),
            (3600, 3300, true),
            (3600, 3590, false),
            (3600, 3600, false),
            (3600, 9999, true),
            (60, 29, false),
            (60, 30, false),
        ] {
            let row = SessionRow {
                ending_told,
                ..row(SessionStatus::Active, timeout, active)
            };
            let found = look(&row, Duration::ZERO, true, at(0));
            let told = if ending_told { ", told" } else { "" };
            table += &format!("{active} of {timeout} s{told}: {found:?}\n");
        }
        insta::assert_snapshot!(table, @r"
        1000000 of 0 s: Deadlines { due: None, next: None }
        0 of 3600 s: Deadlines { due: None, next: Some(3300s) }
        3299 of 3600 s: Deadlines { due: None, next: Some(1s) }
        3300 of 3600 s: Deadlines { due: Some(Told { left: 300s }), next: None }
        3300 of 3600 s, told: Deadlines { due: None, next: Some(300s) }
        3590 of 3600 s: Deadlines { due: Some(Told { left: 10s }), next: None }
        3600 of 3600 s: Deadlines { due: Some(TimeUp), next: None }
        9999 of 3600 s, told: Deadlines { due: Some(TimeUp), next: None }
        29 of 60 s: Deadlines { due: None, next: Some(1s) }
        30 of 60 s: Deadlines { due: Some(Told { left: 30s }), next: None }
        ");
    }

    #[test]
    fn a_session_is_idle_only_while_it_is_active_and_quiet() {
        let mut table = String::new();
        for status in SessionStatus::ALL {
            for (is_quiet, now) in [(true, 99), (true, 999), (true, 1000), (false, 5000)] {
                let found = look(
                    &row(status, 0, 0),
                    Duration::from_secs(900),
                    is_quiet,
                    at(now),
                );
                let what = if is_quiet { "quiet" } else { "busy" };
                if found != Deadlines::default() {
                    table += &format!("{} {what} at {now}: {found:?}\n", status.as_str());
                }
            }
        }
        insta::assert_snapshot!(table, @r"
        active quiet at 99: Deadlines { due: None, next: Some(900s) }
        active quiet at 999: Deadlines { due: None, next: Some(1s) }
        active quiet at 1000: Deadlines { due: Some(Idle { unused_since: Timestamp(2027-01-15T08:01:40Z) }), next: None }
        active busy at 5000: Deadlines { due: None, next: Some(900s) }
        ");
        let never = look(
            &row(SessionStatus::Active, 0, 0),
            Duration::ZERO,
            true,
            at(9_999_999),
        );
        assert_eq!(never, Deadlines::default());
    }
}
