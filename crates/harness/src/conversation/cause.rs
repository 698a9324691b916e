//! What ends a turn early, and the commands that come while one runs.

use vwm_api::harness::TurnOrder;
use vwm_api::{TurnError, TurnStatus};

use super::{Command, Conversation, Stop};

/// What ends a turn early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Abort,
    Timeout,
    Stop(Stop),
}

impl Conversation {
    /// Takes a command while the turn runs; says why it has to stop, if it has.
    pub(super) async fn meanwhile(
        &mut self,
        order: &TurnOrder,
        command: Option<Command>,
    ) -> Option<Cause> {
        match command {
            Some(Command::Abort(turn)) if turn == order.turn => Some(Cause::Abort),
            Some(Command::Abort(turn)) => {
                if let Some(place) = self.waiting.iter().position(|waiting| waiting.turn == turn)
                    && let Some(waiting) = self.waiting.remove(place)
                {
                    self.end_unsent(&waiting, Cause::Abort).await;
                }
                None
            }
            Some(Command::Run(next)) => {
                self.waiting.push_back(next);
                None
            }
            Some(Command::Renew(prepared)) => {
                // The running engine goes on as it is; the next start knows better.
                self.renew_after = Some(prepared);
                None
            }
            // It is not idle: it stays.
            Some(Command::LetGo(_)) => None,
            Some(Command::Stop(stop, done)) => {
                self.stopped = Some((stop, done));
                for waiting in std::mem::take(&mut self.waiting) {
                    if stop == Stop::SessionEnds {
                        self.end_unsent(&waiting, Cause::Stop(stop)).await;
                    }
                }
                Some(Cause::Stop(stop))
            }
            None => Some(Cause::Stop(Stop::HarnessEnds)),
        }
    }

    async fn end_unsent(&self, order: &TurnOrder, cause: Cause) {
        let outcome = super::ended_by_us(Some(self.prepared.adapter.engine()), cause.error(order));
        self.journal.end_turn(order.turn, outcome).await;
    }
}

impl Cause {
    /// How the turn ends by it.
    pub(super) fn error(self, order: &TurnOrder) -> TurnError {
        let (status, code, message, retryable) = match self {
            Self::Abort => (TurnStatus::Cancelled, "aborted", "the turn was aborted".to_owned(), false),
            Self::Timeout => (
                TurnStatus::Failed,
                "timeout",
                format!("the turn took longer than {} seconds and was stopped; give it a larger timeout, or ask for less", order.timeout_s),
                false,
            ),
            Self::Stop(Stop::SessionEnds) => (TurnStatus::Cancelled, "session_ended", "the session ended while the turn ran".to_owned(), false),
            Self::Stop(Stop::HarnessEnds) => (
                TurnStatus::Failed,
                "interrupted",
                "the session's job was stopped while the turn ran; the conversation is kept, ask again".to_owned(),
                true,
            ),
        };
        TurnError {
            status,
            message,
            code: code.to_owned(),
            retryable,
            resets_at: None,
        }
    }
}
