//! Does what the plan says, for one session, one thing at a time; everything may be done twice.

mod end;
mod jobs;
mod lifecycle;
mod look;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use vwm_api::harness::{HarnessState, Phase};
use vwm_api::{EndStep, SessionId, SessionStatus, Trigger, TurnError, TurnStatus};
use vwm_client::ClientError;
use vwm_jobs::{JobError, Volume};
use vwm_store::{Learned, SessionRow, StoreError, Turn};

use self::look::{at_work, is_learning};
use super::Gates;
use super::link::Link;
use super::plan::{Action, Job, View, plan};
use super::setup::{self, SettingsSeen};
use crate::app::App;
use crate::error::Error;

/// How long to wait for something that tells nobody when it is done.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long to wait for something that does.
const WATCH: Duration = Duration::from_secs(5);

/// How long an active session is left alone in which nothing happens: its line tells when its harness dies, the clock when it is idle.
const LOOK_LATER: Duration = Duration::from_secs(3600);

/// Why a step did not work; it is tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum ActError {
    #[error("the store does not answer")]
    Store(#[from] StoreError),
    #[error("the job cannot be managed")]
    Job(#[from] JobError),
    #[error("the harness refuses")]
    Harness(#[from] ClientError),
    #[error("the session cannot be ended")]
    End(#[from] Error),
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
    /// The newest job that this runner saw or started.
    seen: i64,
    gates: Arc<Gates>,
    /// Before then nobody but a new prompt makes a session start that would not resume.
    resume_after: Option<Instant>,
}

impl Runner {
    pub(super) fn new(app: Arc<App>, id: SessionId, wake: Arc<Notify>, gates: Arc<Gates>) -> Self {
        Self {
            app,
            id,
            wake,
            link: None,
            told: None,
            failed_starts: 0,
            started: None,
            seen: 0,
            gates,
            resume_after: None,
        }
    }

    /// Looks, chooses, does one thing.
    pub(super) async fn pass(&mut self) -> Result<After, ActError> {
        let gates = Arc::clone(&self.gates);
        let look = gates.looks.acquire().await.expect("nobody closes it");
        let store = &self.app.store;
        let (row, turns) = tokio::try_join!(store.session(self.id), store.open_turns(self.id))?;
        let Some(row) = row else {
            return Ok(After::Rest);
        };
        let seen = self.observe(&row).await;
        drop(look);
        let phase = seen.as_ref().ok().and_then(|(_, state)| state.as_ref());
        let is_ready = phase.is_some_and(|state| state.phase == Phase::Ready)
            && row.session.status == SessionStatus::Active;
        self.settle_slots(&turns, is_ready);
        let (job, state) = seen?;
        // Asked only where a turn may be started: each look costs a read.
        let waits = turns.iter().any(|turn| turn.status == TurnStatus::Pending);
        let is_setup_current = match self.told {
            Some(told) if waits => told == setup::seen(&self.app).await?,
            Some(_) => true,
            None => false,
        };
        let deadlines = self.deadlines(&row, &turns);
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
            resume_asked: row.resume_asked,
            due: deadlines.due,
        };
        let trouble = self.trouble();
        if trouble.is_some()
            && row.session.status == SessionStatus::Active
            && row.session.status_reason != trouble
        {
            // What comes next may fail for the same reason.
            let store = &self.app.store;
            store.set_session_reason(self.id, trouble).await?;
        }
        let action = plan(&view);
        if action != Action::Wait && action != Action::Rest {
            tracing::debug!(session.id = %self.id, ?action, ?job, status = row.session.status.as_str(), "Plan");
        }
        let after = self.act(action, &row, &turns, state, job).await?;
        Ok(match (after, deadlines.next) {
            (After::Wait(wait), Some(next)) => After::Wait(wait.min(next)),
            (after, _) => after,
        })
    }

    /// What is to be said of the session's harness where it does not answer.
    fn silence(&self) -> Option<String> {
        self.link.as_ref().and_then(Link::silence)
    }

    /// What is wrong with the session while it is ready.
    fn trouble(&self) -> Option<String> {
        self.link.as_ref().and_then(Link::trouble)
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
                    vwm_failpoints::pass("server.prepare.asking");
                    link.told(link.harness.put_session(&setup).await?);
                    vwm_failpoints::pass("server.prepare.asked");
                    self.told = Some(seen);
                }
                Ok(After::Again)
            }
            Action::Ready => {
                vwm_failpoints::pass("server.ready");
                if let Some(wall) = state.and_then(|state| state.wall) {
                    store.set_wall(self.id, &wall).await?;
                }
                self.failed_starts = 0;
                store
                    .move_session(self.id, row.session.status, Trigger::Ready, None)
                    .await?;
                Ok(After::Again)
            }
            Action::GiveUp => self.give_up(row, state).await,
            Action::ResumeFailed => self.resume_failed(row, turns, state).await,
            Action::Refuse => {
                self.app.wanted.refuse(self.id, &self.no_start());
                self.failed_starts = 0;
                Ok(After::Again)
            }
            Action::Break => self.volume_lost(row).await,
            Action::Suspend => {
                vwm_failpoints::pass("server.suspend");
                let reason =
                    "its job was lost while nothing ran; the next prompt resumes it".to_owned();
                store
                    .move_session(self.id, row.session.status, Trigger::Suspend, Some(reason))
                    .await?;
                Ok(After::Again)
            }
            Action::SuspendIdle { unused_since } => self.suspend_idle(unused_since).await,
            Action::TellEnding { left } => self.tell_ending(left).await,
            Action::TimeUp => self.time_up(row).await,
            Action::StopJob => self.remove(row, Volume::Keep).await.map(|()| After::Again),
            Action::StartTurns(ids) => {
                self.failed_starts = 0;
                for id in ids {
                    self.start_turn(id, row, turns).await?;
                }
                Ok(After::Wait(WATCH))
            }
            Action::AbortTurns(ids) => {
                self.abort_turns(&ids, row, turns).await?;
                Ok(After::Wait(Duration::from_millis(200)))
            }
            Action::End => {
                self.close_waiting().await?;
                if let Some(link) = &self.link {
                    let order = self.end_order(row).await?;
                    vwm_failpoints::pass("server.end.asking");
                    link.told(link.harness.end(&order).await?);
                    vwm_failpoints::pass("server.end.asked");
                }
                Ok(After::Again)
            }
            Action::Step(reached) => {
                vwm_failpoints::pass("server.step");
                let step = row.session.end_step.unwrap_or(EndStep::Stopping);
                store.set_end_step(self.id, step, reached).await?;
                Ok(After::Again)
            }
            Action::Keep => {
                // Collected is the last that a harness tells, and the plan saw it.
                if let Some(state) = state {
                    vwm_failpoints::pass("server.keep.begun");
                    let kept = self.keep(state).await;
                    if let Err(error) = kept {
                        let why = vwm_api::chain(&error);
                        let reason = format!(
                            "what is kept of it could not be stored yet: {why}; nothing is removed, and it is tried again"
                        );
                        store.set_session_reason(self.id, Some(reason)).await?;
                        return Err(error);
                    }
                }
                Ok(After::Again)
            }
            Action::NothingToKeep => {
                let why = Learned::Lost("nothing is left of the session's folder".to_owned());
                store.set_collected(self.id, why, Vec::new()).await?;
                Ok(After::Again)
            }
            Action::Remove => {
                vwm_failpoints::pass("server.remove.begun");
                self.remove(row, Volume::Delete).await?;
                vwm_failpoints::pass("server.remove.removed");
                store
                    .set_end_step(self.id, EndStep::Collected, EndStep::Removed)
                    .await?;
                Ok(After::Again)
            }
            Action::Finish => {
                vwm_failpoints::pass("server.finish");
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
                            Some(_) => self.silence().or(reason),
                            None => row.session.status_reason.clone(),
                        }
                    }
                    SessionStatus::Pending => state.as_ref().and_then(at_work),
                    // With a job that is ready it is as it should be.
                    SessionStatus::Active if job == Job::Up(Some(Phase::Ready)) => self.trouble(),
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
                let reason = self.trouble();
                if row.session.status_reason != reason {
                    store.set_session_reason(self.id, reason).await?;
                }
                Ok(After::Wait(LOOK_LATER))
            }
            Action::Rest => Ok(After::Rest),
        }
    }
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
