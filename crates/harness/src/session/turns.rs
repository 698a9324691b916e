//! Turns: taken into the journal first, handed to their conversation then.

use std::sync::Arc;

use tokio::sync::oneshot;
use vwm_api::harness::{Entry, Phase, TurnOrder};
use vwm_api::{SubsessionId, TurnId, TurnStatus};

use super::{Inner, Refused, Session};
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
        vwm_failpoints::pass("harness.turn.accepted");
        self.hand_over(order);
        Ok(TurnStatus::Running)
    }

    /// Gives a journaled turn to its conversation.
    pub(super) fn hand_over(&self, order: TurnOrder) {
        let mut inner = self.inner();
        if let Some(commands) = self.conversation(&mut inner, &order) {
            // A conversation that has just ended leaves the turn in the journal, for the next generation.
            let _ = commands.send(Command::Run(order));
        }
    }

    /// Gives a turn that is left to its conversation; none when it was aborted meanwhile. Under one lock, so that an abort finds
    /// it either here or there.
    pub(super) fn hand_over_left(&self, turn: TurnId) -> Option<Commands> {
        let mut inner = self.inner();
        let order = take_left(&mut inner, turn)?;
        let commands = self.conversation(&mut inner, &order)?;
        // Whoever waits for the turn sees that its conversation is gone.
        let _ = commands.send(Command::Run(order));
        Some(commands)
    }

    /// None when the turn may not run: before all is prepared, and from the beginning of the end, unless the end asks for it.
    fn conversation(&self, inner: &mut Inner, order: &TurnOrder) -> Option<Commands> {
        match self.state.current().phase {
            Phase::Ending if inner.learning == Some(order.turn) => {}
            Phase::Ending | Phase::Collected => return None,
            Phase::Blank | Phase::Preparing | Phase::Ready | Phase::Failed => {}
        }
        let prepared = Arc::clone(inner.prepared.as_ref()?);
        let subsession = order.subsession;
        let commands = inner.conversations.entry(subsession).or_insert_with(|| {
            let (journal, state) = (Arc::clone(&self.journal), self.state.clone());
            conversation::start(subsession, prepared, journal, state)
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
        vwm_failpoints::pass("harness.abort");
        let left = take_left(&mut self.inner(), turn);
        if left.is_some() {
            self.journal.end_turn(turn, aborted()).await;
            return Ok(TurnStatus::Cancelled);
        }
        if let Some(commands) = self.conversation(&mut self.inner(), &known.order) {
            // One that has just ended has ended the turn as well, or leaves it to the next generation.
            let _ = commands.send(Command::Abort(turn));
        }
        Ok(known.status())
    }
}

impl Session {
    /// Lets the engine of a conversation go, unless a turn runs in it.
    pub(crate) async fn let_engine_go(&self, subsession: SubsessionId) {
        let commands = self.inner().conversations.get(&subsession).cloned();
        let Some(commands) = commands else { return };
        let (done, is_done) = oneshot::channel();
        if commands.send(Command::LetGo(done)).is_ok() {
            // No answer means that it is busy, or over.
            let _ = is_done.await;
        }
    }
}

/// A turn that was taken and never sent, unless it runs already.
fn take_left(inner: &mut Inner, turn: TurnId) -> Option<TurnOrder> {
    let place = inner.left.iter().position(|order| order.turn == turn)?;
    Some(inner.left.remove(place))
}
