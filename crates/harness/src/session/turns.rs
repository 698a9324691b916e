//! Turns: taken into the journal first, handed to their conversation then.

use std::sync::Arc;

use vwm_api::harness::{Entry, Phase, TurnOrder};
use vwm_api::{SubsessionId, TurnId, TurnStatus};

use super::{Refused, Session};
use crate::conversation::{self, Command, Commands, aborted};

impl Session {
    /// Takes a turn. Asked again, it answers again and runs nothing twice.
    pub(crate) async fn start_turn(&self, order: TurnOrder) -> Result<TurnStatus, Refused> {
        let _one_at_a_time = self.taking.lock().await;
        if let Some(status) = self
            .journal
            .with_ledger(|ledger| ledger.turn(order.turn).map(|turn| turn.status()))
        {
            return Ok(status);
        }
        match self.state.current().phase {
            Phase::Ready => {}
            Phase::Ending | Phase::Collected => return Err(Refused::Ending),
            Phase::Blank | Phase::Preparing | Phase::Failed => return Err(Refused::NotReady),
        }
        let entry = Entry::Accepted {
            order: order.clone(),
        };
        self.journal
            .append_synced(entry)
            .await
            .map_err(Refused::Journal)?;
        self.hand_over(order);
        Ok(TurnStatus::Running)
    }

    /// Gives a journaled turn to its conversation.
    pub(super) fn hand_over(&self, order: TurnOrder) {
        if let Some(commands) = self.conversation(order.subsession) {
            // A conversation that has just ended leaves the turn in the journal, for the next generation.
            let _ = commands.send(Command::Run(order));
        }
    }

    /// None when nothing may run: before all is prepared, and from the beginning of the end.
    fn conversation(&self, subsession: SubsessionId) -> Option<Commands> {
        let mut inner = self.inner();
        if matches!(self.state.current().phase, Phase::Ending | Phase::Collected) {
            return None;
        }
        let prepared = Arc::clone(inner.prepared.as_ref()?);
        let commands = inner.conversations.entry(subsession).or_insert_with(|| {
            conversation::start(subsession, prepared, Arc::clone(&self.journal))
        });
        Some(commands.clone())
    }

    /// Stops a turn, if it runs or waits.
    pub(crate) async fn abort_turn(&self, turn: TurnId) -> Result<TurnStatus, Refused> {
        let known = self
            .journal
            .with_ledger(|ledger| ledger.turn(turn).cloned());
        let Some(known) = known else {
            return Err(Refused::UnknownTurn);
        };
        if known.is_over() {
            return Ok(known.status());
        }
        if let Some(order) = self.take_left(turn) {
            let outcome = Box::new(aborted());
            let entry = Entry::Ended {
                turn: order.turn,
                outcome,
            };
            self.journal
                .end_turn(turn, entry)
                .await
                .map_err(Refused::Journal)?;
            return Ok(TurnStatus::Cancelled);
        }
        if let Some(commands) = self.conversation(known.order.subsession) {
            let _ = commands.send(Command::Abort(turn));
        }
        Ok(known.status())
    }

    /// A turn that an older generation took and never sent, unless it runs already.
    fn take_left(&self, turn: TurnId) -> Option<TurnOrder> {
        let mut inner = self.inner();
        let place = inner.left.iter().position(|order| order.turn == turn)?;
        Some(inner.left.remove(place))
    }
}
