//! Does what the plan says, for one session, one thing at a time; everything may be done twice.

mod end;
mod jobs;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{info, warn};
use vwm_api::harness::{HarnessState, Phase, StepState};
use vwm_api::{EndStep, SessionId, SessionStatus, Trigger, TurnError, TurnStatus};
use vwm_client::ClientError;
use vwm_jobs::{JobError, JobId, JobStatus, Volume};
use vwm_store::{Learned, SessionRow, StoreError, Turn};

use super::link::Link;
use super::plan::{Action, Job, View, plan};
use super::setup::{self, SettingsSeen};
use crate::app::App;

/// How long to wait for something that tells nobody when it is done.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long to wait for something that does.
const WATCH: Duration = Duration::from_secs(5);

/// Why a step did not work; it is tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum ActError {
    #[error("the store does not answer")]
    Store(#[from] StoreError),
    #[error("the job cannot be managed")]
    Job(#[from] JobError),
    #[error("the harness refuses")]
    Harness(#[from] ClientError),
}

/// What follows from a pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Look again at once.
    Again,
    /// Look again when woken, or after so long.
    Wait(Duration),
    /// Nothing to do until somebody asks.
    Rest,
}

/// One session's orchestration.
pub(super) struct Runner {
    app: Arc<App>,
    id: SessionId,
    wake: Arc<Notify>,
    link: Option<Link>,
    told: Option<SettingsSeen>,
    failed_starts: u32,
    started: Option<Instant>,
    /// Before then nobody but a new prompt makes a session start that would not resume.
    resume_after: Option<Instant>,
}

impl Runner {
    pub(super) fn new(app: Arc<App>, id: SessionId, wake: Arc<Notify>) -> Self {
        Self {
            app,
            id,
            wake,
            link: None,
            told: None,
            failed_starts: 0,
            started: None,
            resume_after: None,
        }
    }

    /// Looks, chooses, does one thing.
    pub(super) async fn pass(&mut self) -> Result<After, ActError> {
        let store = &self.app.store;
        let (row, turns) = tokio::try_join!(store.session(self.id), store.open_turns(self.id))?;
        let Some(row) = row else {
            return Ok(After::Rest);
        };
        let (job, state) = self.observe(&row).await?;
        // Asked only where a turn may be started: each look costs a read.
        let waits = turns.iter().any(|turn| turn.status == TurnStatus::Pending);
        let is_setup_current = match self.told {
            Some(told) if waits => told == setup::seen(&self.app).await?,
            Some(_) => true,
            None => false,
        };
        let view = View {
            status: row.session.status,
            end_step: row.session.end_step,
            turns: &turns,
            job,
            is_setup_current,
            is_learning: state.as_ref().is_some_and(is_learning),
            is_pumped: state
                .as_ref()
                .is_some_and(|state| row.pumped_n >= state.last_n),
            had_job: row.generation > 0,
            failed_starts: self.failed_starts,
            is_wanted: self.is_wanted(&row),
        };
        let action = plan(&view);
        if action != Action::Wait && action != Action::Rest {
            tracing::debug!(session.id = %self.id, ?action, ?job, status = row.session.status.as_str(), "Plan");
        }
        self.act(action, &row, &turns, state, job).await
    }

    /// Looks at the job, and keeps a line to it as long as it is there.
    async fn observe(&mut self, row: &SessionRow) -> Result<(Job, Option<HarnessState>), ActError> {
        if row.generation == 0 {
            return Ok((Job::Absent, None));
        }
        let id = self.job_id(row);
        Ok(match self.app.jobs.observe(&id).await? {
            JobStatus::Absent => {
                let why = "nothing is left of it";
                self.gone(row, why).await?;
                (Job::Absent, None)
            }
            JobStatus::Pending { .. } => (Job::Pending, None),
            JobStatus::Gone { why } => {
                if self.link.is_some() {
                    info!(session.id = %self.id, generation = row.generation, why, "Job is gone");
                }
                self.gone(row, &why).await?;
                (Job::Gone, None)
            }
            JobStatus::Up { endpoint } => {
                if self
                    .link
                    .as_ref()
                    .is_some_and(|link| link.harness.generation != row.generation)
                {
                    self.link = None;
                    self.told = None;
                }
                let link = self
                    .link
                    .get_or_insert_with(|| Link::open(&self.app, id, endpoint, &self.wake));
                let state = link.state();
                (Job::Up(state.as_ref().map(|state| state.phase)), state)
            }
        })
    }

    /// Lets go of a job that is over.
    async fn gone(&mut self, row: &SessionRow, why: &str) -> Result<(), ActError> {
        self.link = None;
        self.told = None;
        let store = &self.app.store;
        store.job_gone(self.id, row.generation, why).await?;
        Ok(())
    }

    fn is_wanted(&self, row: &SessionRow) -> bool {
        self.app.wanted.is_wanted(self.id, row.session.status)
    }

    fn job_id(&self, row: &SessionRow) -> JobId {
        JobId {
            session: self.id,
            generation: row.generation,
        }
    }

    async fn act(
        &mut self,
        action: Action,
        row: &SessionRow,
        turns: &[Turn],
        state: Option<HarnessState>,
        job: Job,
    ) -> Result<After, ActError> {
        let store = self.app.store.clone();
        let reason = state.as_ref().and_then(|state| state.reason.clone());
        match action {
            Action::NewJob => self.new_job(row, turns).await,
            Action::Prepare => {
                let (setup, seen) = setup::read(&self.app, row).await?;
                if let Some(link) = &self.link {
                    self.abort_left(link, turns).await?;
                    link.told(link.harness.put_session(&setup).await?);
                    self.told = Some(seen);
                }
                Ok(After::Again)
            }
            Action::Ready => {
                if let Some(wall) = state.and_then(|state| state.wall) {
                    store.set_wall(self.id, &wall).await?;
                }
                self.failed_starts = 0;
                store
                    .move_session(self.id, row.session.status, Trigger::Ready, None)
                    .await?;
                Ok(After::Again)
            }
            Action::GiveUp => {
                let reason = reason.unwrap_or_else(|| self.no_start());
                warn!(session.id = %self.id, reason, "Session does not start");
                store
                    .move_session(self.id, row.session.status, Trigger::GiveUp, Some(reason))
                    .await?;
                Ok(After::Again)
            }
            Action::ResumeFailed => self.resume_failed(row, state).await,
            Action::Refuse => {
                self.app.wanted.refuse(self.id, &self.no_start());
                self.failed_starts = 0;
                Ok(After::Again)
            }
            Action::Break => self.volume_lost(row).await,
            Action::Suspend => {
                let reason =
                    "its job was lost while nothing ran; the next prompt resumes it".to_owned();
                store
                    .move_session(self.id, row.session.status, Trigger::Suspend, Some(reason))
                    .await?;
                Ok(After::Again)
            }
            Action::StopJob => self.remove(row, Volume::Keep).await.map(|()| After::Again),
            Action::StartTurns(ids) => {
                self.failed_starts = 0;
                for id in ids {
                    self.start_turn(id, turns).await?;
                }
                Ok(After::Wait(WATCH))
            }
            Action::AbortTurns(ids) => {
                self.abort_turns(&ids, turns).await?;
                Ok(After::Wait(Duration::from_millis(200)))
            }
            Action::End => {
                self.close_waiting().await?;
                if let Some(link) = &self.link {
                    let order = self.end_order(row).await?;
                    link.told(link.harness.end(&order).await?);
                }
                Ok(After::Again)
            }
            Action::Step(reached) => {
                let step = row.session.end_step.unwrap_or(EndStep::Stopping);
                store.set_end_step(self.id, step, reached).await?;
                Ok(After::Again)
            }
            Action::Keep => {
                // Collected is the last that a harness tells, and the plan saw it.
                if let Some(state) = state {
                    self.keep(state).await?;
                }
                Ok(After::Again)
            }
            Action::NothingToKeep => {
                let why = Learned::Lost("nothing is left of the session's folder".to_owned());
                store.set_collected(self.id, why, Vec::new()).await?;
                Ok(After::Again)
            }
            Action::Remove => {
                self.remove(row, Volume::Delete).await?;
                store
                    .set_end_step(self.id, EndStep::Collected, EndStep::Removed)
                    .await?;
                Ok(After::Again)
            }
            Action::Finish => {
                let error = turn_error(
                    "session_ended",
                    "the session ended before the turn ran",
                    false,
                );
                store.end_open_turns(self.id, error).await?;
                store
                    .move_session(self.id, SessionStatus::Ending, Trigger::Ended, None)
                    .await?;
                Ok(After::Rest)
            }
            Action::Wait => {
                let reason = match row.session.status {
                    SessionStatus::Ending => {
                        self.close_waiting().await?;
                        // What was told holds until a harness says more.
                        match &state {
                            Some(_) => reason,
                            None => row.session.status_reason.clone(),
                        }
                    }
                    SessionStatus::Pending => state.as_ref().and_then(at_work),
                    SessionStatus::Active
                    | SessionStatus::Suspended
                    | SessionStatus::Ended
                    | SessionStatus::Failed => row.session.status_reason.clone(),
                };
                if reason != row.session.status_reason {
                    store.set_session_reason(self.id, reason).await?;
                }
                // Its files are served: the next start is a first one again.
                if row.session.status == SessionStatus::Failed && matches!(job, Job::Up(Some(_))) {
                    self.failed_starts = 0;
                }
                let is_close = job == Job::Pending || job == Job::Up(Some(Phase::Collected));
                Ok(After::Wait(if is_close { LOOK_AGAIN } else { WATCH }))
            }
            // A session with a job is watched, so that its loss is seen.
            Action::Rest if self.link.is_some() && row.session.status == SessionStatus::Active => {
                Ok(After::Wait(WATCH))
            }
            Action::Rest => Ok(After::Rest),
        }
    }
}

/// Whether the harness is at its learning turn.
fn is_learning(state: &HarnessState) -> bool {
    state
        .steps
        .iter()
        .any(|step| step.name == "learning" && step.state == StepState::Running)
}

/// What the harness is at.
fn at_work(state: &HarnessState) -> Option<String> {
    let step = state
        .steps
        .iter()
        .rev()
        .find(|step| step.state == StepState::Running)?;
    Some(format!("{} is being prepared: {}", step.name, step.detail))
}

fn turn_error(code: &str, message: &str, retryable: bool) -> TurnError {
    let status = if retryable {
        TurnStatus::Failed
    } else {
        TurnStatus::Cancelled
    };
    TurnError {
        status,
        message: message.to_owned(),
        code: code.to_owned(),
        retryable,
        resets_at: None,
    }
}
