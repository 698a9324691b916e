//! What a runner sees of its session: the job, the harness's state, what is due by the clock.

use std::time::Duration;

use tracing::info;
use vwm_api::Timestamp;
use vwm_api::harness::{HarnessState, StepState};
use vwm_jobs::{JobId, JobStatus};
use vwm_store::{SessionRow, Turn};

use super::super::deadlines::{self, Deadlines};
use super::super::link::Link;
use super::super::plan::Job;
use super::{ActError, Runner};

/// How soon is looked again when the machine's clock just jumped.
const UNTIL_STEADY: Duration = Duration::from_secs(1);

impl Runner {
    /// Looks at the job, and keeps a line to it as long as it is there.
    pub(super) async fn observe(
        &mut self,
        row: &SessionRow,
    ) -> Result<(Job, Option<HarnessState>), ActError> {
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
                self.seen = row.generation;
                let link = self
                    .link
                    .get_or_insert_with(|| Link::open(&self.app, id, endpoint, &self.wake));
                let state = link.state();
                (Job::Up(state.as_ref().map(|state| state.phase)), state)
            }
        })
    }

    /// Lets go of a job that is over.
    pub(super) async fn gone(&mut self, row: &SessionRow, why: &str) -> Result<(), ActError> {
        self.link = None;
        self.told = None;
        let store = &self.app.store;
        if self.seen == row.generation {
            store.job_gone(self.id, row.generation, why).await?;
        } else {
            store.job_found_gone(self.id, row.generation, why).await?;
        }
        Ok(())
    }

    /// What is due by the clock. While that cannot be believed, nothing is.
    pub(super) fn deadlines(&self, row: &SessionRow, turns: &[Turn]) -> Deadlines {
        if !self.app.clock.is_steady() {
            return Deadlines {
                due: None,
                next: Some(UNTIL_STEADY),
            };
        }
        let idle = Duration::from_secs(self.app.config.limits.idle_timeout);
        let is_quiet = turns.is_empty() && !self.is_wanted(row);
        deadlines::look(row, idle, is_quiet, Timestamp::now())
    }

    pub(super) fn is_wanted(&self, row: &SessionRow) -> bool {
        self.app.wanted.is_wanted(self.id, row.session.status)
    }

    pub(super) fn job_id(&self, row: &SessionRow) -> JobId {
        JobId {
            session: self.id,
            generation: row.generation,
        }
    }
}

/// Whether the harness is at its learning turn.
pub(super) fn is_learning(state: &HarnessState) -> bool {
    state
        .steps
        .iter()
        .any(|step| step.name == "learning" && step.state == StepState::Running)
}

/// What the harness is at.
pub(super) fn at_work(state: &HarnessState) -> Option<String> {
    let step = state
        .steps
        .iter()
        .rev()
        .find(|step| step.state == StepState::Running)?;
    Some(format!("{} is being prepared: {}", step.name, step.detail))
}
