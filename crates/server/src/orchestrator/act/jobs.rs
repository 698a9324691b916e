//! A session's jobs: the next one, those that come to nothing, their removal.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vwm_api::SessionStatus;
use vwm_jobs::{JobId, JobSpec, Volume};
use vwm_store::{SessionRow, Turn};

use super::{ActError, After, Runner};

/// How long until a session that would not resume is tried again, if a turn of it is still open.
const RESUME_AGAIN: Duration = Duration::from_secs(30);

/// Why an active session is without a job for a moment.
const LOST: &str =
    "its job was lost while a turn ran; another one finds out what became of the turn, and goes on";

/// After so many jobs of one end it is told that they do not last.
const MANY_STARTS: u32 = 3;

impl Runner {
    /// Starts the next generation, unless it is too soon for it.
    pub(super) async fn new_job(
        &mut self,
        row: &SessionRow,
        turns: &[Turn],
    ) -> Result<After, ActError> {
        let store = self.app.store.clone();
        let is_asked = row.session.status != SessionStatus::Suspended
            || turns.iter().any(|turn| !turn.offered)
            || row.resume_asked
            || self.is_wanted(row);
        if let Some(after) = self.resume_after.filter(|_| !is_asked) {
            let rest = after.saturating_duration_since(Instant::now());
            if !rest.is_zero() {
                return Ok(After::Wait(rest));
            }
        }
        self.resume_after = None;
        // Each start in a row that comes to nothing doubles the pause before the next one.
        let pause = Duration::from_millis(50 << self.failed_starts.min(9));
        let since = self.started.map_or(pause, |started| started.elapsed());
        if self.failed_starts > 0 && since < pause {
            return Ok(After::Wait(pause - since));
        }
        let reason = match row.session.status {
            SessionStatus::Ending if self.failed_starts >= MANY_STARTS => Some(self.no_end()),
            SessionStatus::Active => Some(LOST.to_owned()),
            SessionStatus::Pending
            | SessionStatus::Suspended
            | SessionStatus::Ending
            | SessionStatus::Ended
            | SessionStatus::Failed => None,
        };
        if reason.is_some() && reason != row.session.status_reason {
            store.set_session_reason(self.id, reason).await?;
        }
        self.failed_starts += 1;
        self.started = Some(Instant::now());
        let generation = store.new_generation(self.id).await?;
        let id = JobId {
            session: self.id,
            generation,
        };
        vwm_failpoints::pass("server.job.numbered");
        // Read behind the last write of the pump, whose harness is gone.
        let stored = store.session(self.id).await?;
        let spec = JobSpec {
            id,
            token: self.app.job_token(self.id, generation),
            stored_n: stored.map_or(0, |row| row.pumped_n),
        };
        self.seen = generation;
        let gates = Arc::clone(&self.gates);
        let _turn = gates.starts.acquire().await.expect("nobody closes it");
        self.app.jobs.ensure(&spec).await?;
        vwm_failpoints::pass("server.job.ensured");
        Ok(After::Again)
    }

    /// Nobody but who asks for it makes the session start again soon.
    pub(super) fn not_before_another(&mut self) {
        self.resume_after = Some(Instant::now() + RESUME_AGAIN);
    }

    pub(super) async fn remove(
        &mut self,
        row: &SessionRow,
        volume: Volume,
    ) -> Result<(), ActError> {
        self.app.jobs.remove(&self.job_id(row), volume).await?;
        self.gone(row, "it was removed").await
    }

    /// Why the session does not start, where no harness says more.
    pub(super) fn no_start(&self) -> String {
        format!(
            "its harness ended {} times before it could be reached: look at harness.log in the session's folder, and ask it to resume",
            self.failed_starts
        )
    }

    fn no_end(&self) -> String {
        format!(
            "its harness was lost {} times before the end was over; nothing is removed, and it is started again: see harness.log in the session's folder",
            self.failed_starts
        )
    }
}
