//! How a session goes to sleep, does not wake, and runs out of time.

use std::time::Duration;

use tracing::{info, warn};
use vwm_api::harness::HarnessState;
use vwm_api::{SessionStatus, Timestamp, Trigger, TurnError, TurnStatus};
use vwm_jobs::Volume;
use vwm_store::{FailedResume, LostVolume, SessionRow, Suspension, Turn};

use super::{ActError, After, LOOK_AGAIN, Runner, turn_error};
use crate::ending;

/// After so many resumes in a row that were asked for and failed, no resume can mend the session.
const RESUMES: u32 = 5;

impl Runner {
    /// Suspends a session that nobody used for long, unless somebody does meanwhile. The next pass stops its job.
    pub(super) async fn suspend_idle(&self, unused_since: Timestamp) -> Result<After, ActError> {
        let idle = self.app.config.limits.idle_timeout;
        let reason = format!("nobody used it for {idle} s; the next prompt resumes it");
        let suspended = self
            .app
            .store
            .suspend_session(self.id, Some(unused_since), reason);
        if let Suspension::Suspended(_) = suspended.await? {
            info!(session.id = %self.id, "Session is suspended: nobody used it for {idle} s");
        }
        Ok(After::Again)
    }

    /// Says once that the session's time is nearly up.
    pub(super) async fn tell_ending(&self, left: Duration) -> Result<After, ActError> {
        let left = left.as_secs_f64().ceil();
        let message = format!(
            "the session's time is up in {left} s: then it ends, and its work is pushed; a prompt that runs is stopped"
        );
        self.app.store.tell_ending(self.id, message).await?;
        Ok(After::Again)
    }

    /// Ends a session as if somebody had asked for that.
    pub(super) async fn time_up(&self, row: &SessionRow) -> Result<After, ActError> {
        let reason = format!(
            "its time is up: it had a job for {} s; start another, with a longer timeout where it needs one",
            row.session.timeout
        );
        if ending::begin(&self.app, &row.session, Some(reason)).await? {
            info!(session.id = %self.id, "Session ends: its time is up");
        }
        Ok(After::Again)
    }

    /// The volume is kept for whoever looks what happened, and for another try.
    pub(super) async fn give_up(
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
        // Its job goes first: who asks for another try must not be answered by this one.
        self.remove(row, Volume::Keep).await?;
        warn!(session.id = %self.id, reason, "Session does not start");
        let moved =
            self.app
                .store
                .move_session(self.id, row.session.status, Trigger::GiveUp, Some(reason));
        moved.await?;
        self.failed_starts = 0;
        Ok(After::Again)
    }

    /// The volume is kept, and with it all that a later try needs; only the turns that waited fail.
    pub(super) async fn resume_failed(
        &mut self,
        row: &SessionRow,
        turns: &[Turn],
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
        let ends_all = known.is_some_and(|state| state.open_turns.is_empty());
        self.remove(row, Volume::Keep).await?;
        let error = turn_error(
            "resume_failed",
            &format!("the session could not be resumed: {reason}"),
            true,
        );
        warn!(session.id = %self.id, reason, "Session does not resume");
        let failed = FailedResume {
            reason,
            is_asked: row.resume_asked || turns.iter().any(|turn| !turn.offered),
            error,
            // What a harness may hold only its journal can end.
            ends_all,
            most: RESUMES,
            advice: format!(
                "{RESUMES} resumes in a row failed: mend that and ask it to resume, or end it"
            ),
        };
        let after = self.app.store.resume_failed(self.id, failed).await?;
        if after.is_some_and(|row| row.session.status == SessionStatus::Failed) {
            warn!(session.id = %self.id, "Session failed: {RESUMES} resumes in a row came to nothing");
        }
        self.failed_starts = 0;
        self.not_before_another();
        Ok(After::Again)
    }

    /// The journal is lost with the volume: only here the server itself says how turns ended.
    pub(super) async fn volume_lost(&mut self, row: &SessionRow) -> Result<After, ActError> {
        let reason = "its folder is gone, and with it the workspace: end it and start another";
        let waiting = turn_error(
            "resume_failed",
            &format!("the session could not be resumed: {reason}"),
            true,
        );
        let open = TurnError {
            status: TurnStatus::OutcomeUnknown,
            message: format!(
                "nobody can say how the turn ended: the session's folder is gone; {reason}"
            ),
            code: "outcome_unknown".to_owned(),
            retryable: false,
            resets_at: None,
        };
        warn!(session.id = %self.id, "Session's volume is lost");
        let lost = LostVolume {
            reason: reason.to_owned(),
            waiting,
            open,
        };
        let store = &self.app.store;
        store.volume_lost(self.id, row.session.status, lost).await?;
        // Who hears it looks at the session, which has failed by now.
        self.app.wanted.refuse(self.id, reason);
        Ok(After::Again)
    }
}
