//! The turn in which the worker writes down what it learned. The journal keeps it from running twice, and no failure of it keeps the
//! session from ending.

use std::sync::Arc;
use std::time::Duration;

use tracing::info;
use vwm_api::harness::{EndOrder, Entry, Setup, StepState, TurnOrder};
use vwm_api::{RepositoryRole, TurnError, TurnId, TurnStatus};

use super::branches::{Branch, Failure};
use super::{Session, wait};
use crate::conversation::{Commands, Stop, ended_by_us};

/// How long preparation may take where nothing is prepared.
const PREPARE: Duration = Duration::from_secs(120);
/// Beyond its timeout a turn may take so long to begin and to stop.
const BEYOND: Duration = Duration::from_secs(300);
/// How long a harness that is asked to go may take to say so.
const GOING: Duration = Duration::from_secs(5);
/// How often the session's repository is collected before the turn, if that fails.
const TRIES: usize = 3;

impl Session {
    /// Runs the turn, if one is ordered and was not run. Afterwards nothing of it runs any more.
    pub(super) async fn learn(&self, order: &EndOrder, branches: &mut [Branch]) {
        let Some(turn) = &order.learning else {
            let detail = "nothing was to be learned";
            return self.state.step("learning", StepState::Skipped, detail);
        };
        if self.ended(turn.turn).is_none() {
            self.accept(turn).await;
            self.bring_out_first(&order.setup, branches).await;
            let detail = "the worker writes down what it learned";
            self.state.step("learning", StepState::Running, detail);
            let ran = self.run_turn(&order.setup, turn.turn).await;
            self.stop_conversations(Stop::SessionEnds).await;
            self.until_nothing_runs("learning").await;
            if self.ended(turn.turn).is_none() {
                let reason = ran
                    .err()
                    .unwrap_or_else(|| "nothing was left that could end it".to_owned());
                self.end_as_failed(&order.setup, turn.turn, reason).await;
            }
            for branch in branches {
                self.state.step(branch.step, StepState::Running, "");
            }
        }
        self.let_only(None);
        let status = self.ended(turn.turn).unwrap_or(TurnStatus::Failed);
        let to = match status {
            TurnStatus::Complete => StepState::Done,
            TurnStatus::Pending
            | TurnStatus::Running
            | TurnStatus::Failed
            | TurnStatus::Cancelled
            | TurnStatus::OutcomeUnknown => StepState::Failed,
        };
        let detail = format!("the turn is {}", status.as_str());
        self.state.step("learning", to, detail);
    }

    /// How a turn ended, if it did.
    fn ended(&self, turn: TurnId) -> Option<TurnStatus> {
        self.journal
            .with_ledger(|ledger| ledger.turn(turn).and_then(|turn| turn.ended))
    }

    /// Brings out what the session made, so that what the turn touches is not in it. What cannot be collected now is collected with
    /// what the turn touches.
    async fn bring_out_first(&self, setup: &Setup, branches: &mut [Branch]) {
        let session = branches.iter_mut().find(|branch| {
            branch.repo.role == RepositoryRole::SessionRepository && branch.repo.was_made()
        });
        let Some(branch) = session else { return };
        self.state.step(branch.step, StepState::Running, "");
        let mut pause = Duration::from_secs(1);
        for _ in 0..TRIES {
            let Err(failure) = self.bring_out(setup, branch).await else {
                let detail = "all is collected, and pushed after the worker has learned";
                return self.state.step(branch.step, StepState::Running, detail);
            };
            let name = &branch.repo.branch;
            let detail = format!("{name} is not collected yet: {}", failure.reason());
            self.state.step(branch.step, StepState::Retrying, detail);
            match failure {
                Failure::Git(error) if error.is_retryable() => wait(&mut pause).await,
                Failure::Git(_) | Failure::Wall(_) => return,
            }
        }
    }

    /// Takes the turn into the journal, unless an older generation did.
    async fn accept(&self, order: &TurnOrder) {
        let _one_at_a_time = self.taking.lock().await;
        if self
            .journal
            .with_ledger(|ledger| ledger.turn(order.turn).is_some())
        {
            return;
        }
        let entry = Entry::Accepted {
            order: order.clone(),
        };
        if self.journal.append_at_last(entry).await.is_err() {
            // The harness ends: the next job begins here again.
            return;
        }
        self.inner().left.push(order.clone());
    }

    async fn run_turn(&self, setup: &Setup, turn: TurnId) -> Result<(), String> {
        if self.ended(turn).is_some() {
            // Aborted meanwhile: there is nothing to prepare for.
            return Ok(());
        }
        let unprepared =
            |why: String| format!("the session could not be prepared for learning: {why}");
        let is_prepared = self.inner().prepared.is_some();
        if !is_prepared {
            let prepared = tokio::time::timeout(PREPARE, self.try_prepare(setup))
                .await
                .unwrap_or_else(|_| Err(format!("it took longer than {} s", PREPARE.as_secs())))
                .map_err(unprepared)?;
            self.inner().prepared = Some(Arc::new(prepared));
        }
        self.write_material(turn).map_err(unprepared)?;
        let timeout = self.journal.with_ledger(|ledger| {
            let seconds = ledger.turn(turn).map_or(0, |turn| turn.order.timeout_s);
            Duration::from_secs(seconds.into())
        });
        let Some(commands) = self.hand_over_left(turn) else {
            // An abort has it, and is about to say so.
            self.until_over(turn, None, GOING).await;
            return Ok(());
        };
        self.until_over(turn, Some(&commands), timeout + BEYOND)
            .await;
        if self.ended(turn).is_none()
            && tokio::time::timeout(GOING, self.stop.cancelled())
                .await
                .is_ok()
        {
            info!(turn.id = %turn, "Harness is asked to go: the next one goes on with the end");
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    /// Waits until the turn is over, its conversation is gone, or so long.
    async fn until_over(&self, turn: TurnId, commands: Option<&Commands>, most: Duration) {
        let mut newest = self.journal.watch();
        let over = async { while self.ended(turn).is_none() && newest.changed().await.is_ok() {} };
        let gone = async {
            match commands {
                Some(commands) => commands.closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            () = gone => {}
            () = tokio::time::sleep(most) => {}
        }
    }

    async fn end_as_failed(&self, setup: &Setup, turn: TurnId, message: String) {
        let error = TurnError {
            status: TurnStatus::Failed,
            message,
            code: "engine_failed".to_owned(),
            retryable: false,
            resets_at: None,
        };
        let outcome = ended_by_us(Some(setup.worker.cli_type), error);
        self.journal.end_turn(turn, outcome).await;
    }
}
