//! A session's jobs: the next one, those that come to nothing, their removal, and a volume that is lost.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;
use vwm_api::harness::HarnessState;
use vwm_api::{SessionStatus, Trigger, TurnError, TurnStatus};
use vwm_jobs::{JobId, JobSpec, Volume};
use vwm_store::{SessionRow, Turn};

use super::{ActError, After, LOOK_AGAIN, Runner, turn_error};

/// How long until a session that would not resume is tried again, if a turn of it is still open.
const RESUME_AGAIN: Duration = Duration::from_secs(30);

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
        if row.session.status == SessionStatus::Ending && self.failed_starts >= MANY_STARTS {
            let reason = Some(self.no_end());
            store.set_session_reason(self.id, reason).await?;
        }
        self.failed_starts += 1;
        self.started = Some(Instant::now());
        let generation = store.new_generation(self.id).await?;
        let id = JobId {
            session: self.id,
            generation,
        };
        // Read behind the last write of the pump, whose harness is gone.
        let stored = store.session(self.id).await?;
        let spec = JobSpec {
            id,
            token: self.app.job_token(self.id, generation),
            stored_n: stored.map_or(0, |row| row.pumped_n),
        };
        self.app.jobs.ensure(&spec).await?;
        Ok(After::Again)
    }

    /// The volume is kept, and with it all that a later try needs; only the turns that waited fail.
    pub(super) async fn resume_failed(
        &mut self,
        row: &SessionRow,
        state: Option<HarnessState>,
    ) -> Result<After, ActError> {
        let known = state.as_ref();
        if known.is_some_and(|state| row.pumped_n < state.last_n) {
            return Ok(After::Wait(LOOK_AGAIN));
        }
        let reason = known
            .and_then(|state| state.reason.clone())
            .unwrap_or_else(|| self.no_start());
        self.app.wanted.refuse(self.id, &reason);
        let has_none = known.is_some_and(|state| state.open_turns.is_empty());
        self.remove(row, Volume::Keep).await?;
        let error = turn_error(
            "resume_failed",
            &format!("the session could not be resumed: {reason}"),
            true,
        );
        // What a harness may hold only its journal can end.
        if has_none {
            self.app.store.end_open_turns(self.id, error).await?;
        } else {
            self.app.store.end_waiting_turns(self.id, error).await?;
        }
        if row.session.status == SessionStatus::Active {
            self.app
                .store
                .move_session(
                    self.id,
                    SessionStatus::Active,
                    Trigger::Suspend,
                    Some(reason.clone()),
                )
                .await?;
        } else {
            self.app
                .store
                .set_session_reason(self.id, Some(reason.clone()))
                .await?;
        }
        warn!(session.id = %self.id, reason, "Session does not resume");
        self.failed_starts = 0;
        self.resume_after = Some(Instant::now() + RESUME_AGAIN);
        Ok(After::Wait(RESUME_AGAIN))
    }

    /// The journal is lost with the volume: only here the server itself says how turns ended.
    pub(super) async fn volume_lost(&mut self, row: &SessionRow) -> Result<After, ActError> {
        let store = &self.app.store;
        let reason = "its folder is gone, and with it the workspace: end it and start another";
        let failed = turn_error(
            "resume_failed",
            &format!("the session could not be resumed: {reason}"),
            true,
        );
        store.end_waiting_turns(self.id, failed).await?;
        let unknown = TurnError {
            status: TurnStatus::OutcomeUnknown,
            message: format!(
                "nobody can say how the turn ended: the session's folder is gone; {reason}"
            ),
            code: "outcome_unknown".to_owned(),
            retryable: false,
            resets_at: None,
        };
        store.end_open_turns(self.id, unknown).await?;
        warn!(session.id = %self.id, "Session's volume is lost");
        let from = row.session.status;
        store
            .move_session(self.id, from, Trigger::Break, Some(reason.to_owned()))
            .await?;
        Ok(After::Again)
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
            "its harness ended {} times before it could be reached; see harness.log in the session's folder",
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
