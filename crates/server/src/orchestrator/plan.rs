//! What to do next for a session: a pure choice over what is known of it.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use vwm_api::harness::Phase;
use vwm_api::{EndStep, SessionStatus, Timestamp, TurnId, TurnKind, TurnStatus};
use vwm_store::Turn;

use super::deadlines::Due;

/// A job, as far as the plan cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// None was ever made, or nothing is left of it.
    Absent,
    /// On its way.
    Pending,
    /// Reached; `None` while the harness has not answered yet.
    Up(Option<Phase>),
    /// Over.
    Gone,
}

/// What is known of a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) status: SessionStatus,
    pub(super) end_step: Option<EndStep>,
    /// Turns that are not over, oldest first.
    pub(super) turns: &'a [Turn],
    pub(super) job: Job,
    /// Whether the harness was told of the newest settings.
    pub(super) is_setup_current: bool,
    /// Whether the harness is at its learning turn.
    pub(super) is_learning: bool,
    /// Whether every record of the harness is in the store.
    pub(super) is_pumped: bool,
    /// Whether a job was ever made.
    pub(super) had_job: bool,
    /// Starts in a row that came to nothing.
    pub(super) failed_starts: u32,
    /// Whether a file call needs the job.
    pub(super) is_wanted: bool,
    /// Whether somebody asked that it resume.
    pub(super) resume_asked: bool,
    /// What it is due for by the clock.
    pub(super) due: Option<Due>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Make a job: the next generation.
    NewJob,
    /// Tell the harness everything.
    Prepare,
    /// The session is ready for prompts.
    Ready,
    /// It would not start.
    GiveUp,
    /// It would not resume: the session stays suspended, the turns that wait fail.
    ResumeFailed,
    /// The files of a failed session cannot be served: who asks for them is told.
    Refuse,
    /// The job was lost and nothing runs: the volume waits for the next prompt.
    Suspend,
    /// Nobody used it for long: the same, unless somebody does meanwhile.
    SuspendIdle {
        /// Whoever used it later keeps it.
        unused_since: Timestamp,
    },
    /// Say that its time is nearly up.
    TellEnding {
        /// How long it still has.
        left: Duration,
    },
    /// Its time is up: it ends.
    TimeUp,
    /// The volume is lost: no resume can mend it.
    Break,
    /// Nobody needs the job.
    StopJob,
    /// Have the harness run these.
    StartTurns(Vec<TurnId>),
    /// Have the harness stop these.
    AbortTurns(Vec<TurnId>),
    /// Have the harness learn and collect.
    End,
    /// Write down how far the end is.
    Step(EndStep),
    /// Keep what it collected.
    Keep,
    /// There is nothing to collect.
    NothingToKeep,
    /// Remove job and volume.
    Remove,
    /// It is over.
    Finish,
    /// Something is on its way; look again soon.
    Wait,
    /// Sleep until somebody asks for something.
    Rest,
}

/// Starts that may fail in a row until the session is given up.
const STARTS: u32 = 3;

/// Chooses.
pub(super) fn plan(view: &View<'_>) -> Action {
    match (view.status, view.due) {
        (SessionStatus::Pending | SessionStatus::Active, Some(Due::TimeUp)) => {
            return Action::TimeUp;
        }
        (SessionStatus::Pending | SessionStatus::Active, Some(Due::Told { left })) => {
            return Action::TellEnding { left };
        }
        (_, _) => {}
    }
    match view.status {
        SessionStatus::Pending => start(view, Action::GiveUp),
        // It had a job when it became active, and nothing is left of it.
        SessionStatus::Active | SessionStatus::Suspended if view.job == Job::Absent => {
            Action::Break
        }
        SessionStatus::Suspended if !is_needed(view) => rest(view),
        SessionStatus::Suspended => start(view, Action::ResumeFailed),
        SessionStatus::Active => active(view),
        SessionStatus::Ending => end(view),
        SessionStatus::Failed if view.is_wanted => serve_files(view),
        SessionStatus::Failed => rest(view),
        SessionStatus::Ended => Action::Rest,
    }
}

/// Whether anybody waits for a suspended session.
fn is_needed(view: &View<'_>) -> bool {
    !view.turns.is_empty() || view.is_wanted || view.resume_asked
}

fn rest(view: &View<'_>) -> Action {
    match view.job {
        Job::Pending | Job::Up(_) => Action::StopJob,
        Job::Absent | Job::Gone => Action::Rest,
    }
}

/// The harness of a failed session is told nothing: its files are all that it serves.
fn serve_files(view: &View<'_>) -> Action {
    match view.job {
        Job::Absent => Action::Rest,
        Job::Gone if view.failed_starts >= STARTS => Action::Refuse,
        Job::Gone => Action::NewJob,
        Job::Pending | Job::Up(_) => Action::Wait,
    }
}

fn start(view: &View<'_>, give_up: Action) -> Action {
    match view.job {
        Job::Absent | Job::Gone if view.failed_starts >= STARTS => give_up,
        Job::Absent | Job::Gone => Action::NewJob,
        Job::Pending | Job::Up(None) => Action::Wait,
        Job::Up(Some(phase)) => match phase {
            Phase::Blank => Action::Prepare,
            Phase::Preparing => Action::Wait,
            Phase::Ready => Action::Ready,
            Phase::Failed => give_up,
            // A harness that was ending when the session was not: it cannot be used again.
            Phase::Ending | Phase::Collected => Action::StopJob,
        },
    }
}

fn active(view: &View<'_>) -> Action {
    match view.job {
        Job::Absent | Job::Gone if view.turns.is_empty() => Action::Suspend,
        Job::Absent | Job::Gone if view.failed_starts >= STARTS => Action::ResumeFailed,
        Job::Absent | Job::Gone => Action::NewJob,
        Job::Pending | Job::Up(None) => Action::Wait,
        Job::Up(Some(phase)) => match phase {
            Phase::Blank => Action::Prepare,
            Phase::Preparing => Action::Wait,
            Phase::Failed => Action::ResumeFailed,
            Phase::Ending | Phase::Collected => Action::StopJob,
            Phase::Ready => turns(view),
        },
    }
}

fn turns(view: &View<'_>) -> Action {
    let abort: Vec<TurnId> = view
        .turns
        .iter()
        .filter(|turn| turn.abort_asked)
        .map(|turn| turn.id)
        .collect();
    if !abort.is_empty() {
        return Action::AbortTurns(abort);
    }
    // The first of each conversation; one that runs keeps the others of its conversation waiting.
    let mut seen = BTreeSet::new();
    let first = view
        .turns
        .iter()
        .filter(|turn| seen.insert(turn.subsession));
    let start: Vec<TurnId> = first
        .filter(|turn| turn.status == TurnStatus::Pending)
        .map(|turn| turn.id)
        .collect();
    match (start.is_empty(), view.is_setup_current) {
        (true, _) if view.turns.is_empty() => match view.due {
            Some(Due::Idle { unused_since }) => Action::SuspendIdle { unused_since },
            Some(Due::TimeUp | Due::Told { .. }) | None => Action::Rest,
        },
        (true, _) => Action::Wait,
        (false, false) => Action::Prepare,
        (false, true) => Action::StartTurns(start),
    }
}

fn end(view: &View<'_>) -> Action {
    let step = view.end_step.unwrap_or(EndStep::Stopping);
    match step {
        EndStep::Stopping | EndStep::Learning | EndStep::Collecting => match view.job {
            Job::Absent => Action::NothingToKeep,
            Job::Gone if !view.had_job => Action::NothingToKeep,
            Job::Gone => Action::NewJob,
            Job::Pending | Job::Up(None) => Action::Wait,
            Job::Up(Some(phase)) => match phase {
                Phase::Blank | Phase::Preparing | Phase::Ready | Phase::Failed => Action::End,
                Phase::Ending => ending(view, step),
                Phase::Collected if step < EndStep::Collecting => Action::Step(EndStep::Collecting),
                Phase::Collected if view.is_pumped => Action::Keep,
                Phase::Collected => Action::Wait,
            },
        },
        EndStep::Collected => Action::Remove,
        EndStep::Removed => Action::Finish,
    }
}

/// The harness ends by itself: what is left is to say how far it is, and to stop its learning turn where somebody asks for that.
fn ending(view: &View<'_>, step: EndStep) -> Action {
    let learning = view
        .turns
        .iter()
        .find(|turn| turn.kind == TurnKind::Learning);
    let reached = match (view.is_learning, learning) {
        (true, _) => EndStep::Learning,
        // It is still to come, or its end is on its way here.
        (false, Some(_)) => step,
        (false, None) => EndStep::Collecting,
    };
    if step < reached {
        return Action::Step(reached);
    }
    match learning {
        Some(turn) if turn.abort_asked => Action::AbortTurns(vec![turn.id]),
        Some(_) | None => Action::Wait,
    }
}
