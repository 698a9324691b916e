//! Turns: given to the harness, stopped there, or ended where nobody has them.

use vwm_api::harness::TurnOrder;
use vwm_api::{Session, TurnId, TurnKind};
use vwm_store::{SessionRow, Turn};

use super::super::link::Link;
use super::{ActError, Runner, turn_error};

/// What the harness is told of a turn.
pub(super) fn order(turn: &Turn) -> TurnOrder {
    TurnOrder {
        turn: turn.id,
        subsession: turn.subsession,
        kind: turn.kind,
        prompt: turn.prompt.clone(),
        timeout_s: turn.timeout_s,
    }
}

/// The seconds of a turn, which ends with its session's time at the latest.
fn within_session(timeout_s: u32, session: &Session) -> u32 {
    if session.timeout == 0 {
        return timeout_s;
    }
    let left = i64::from(session.timeout) - session.active_seconds;
    // The session's end is the server's to ask for: the turn gets its moment until then.
    timeout_s.min(u32::try_from(left).unwrap_or_default().max(1))
}

impl Runner {
    /// Gives back the slots that the session does not need, and wakes those whose turns may run by that.
    pub(super) fn settle_slots(&self, turns: &[Turn], is_ready: bool) {
        for session in self.app.slots.settle(self.id, turns, is_ready) {
            self.app.store.wake(session);
        }
    }

    pub(super) async fn start_turn(
        &self,
        id: TurnId,
        row: &SessionRow,
        turns: &[Turn],
    ) -> Result<(), ActError> {
        let Some(turn) = turns.iter().find(|turn| turn.id == id) else {
            return Ok(());
        };
        // Whoever frees a slot for it wakes this session.
        if !self.app.slots.take(turn) {
            return Ok(());
        }
        // Offered first: from here on only the harness can say that the turn never ran.
        if !turn.offered && !self.app.store.offer_turn(id).await? {
            return Ok(());
        }
        if let Some(link) = &self.link {
            let mut order = order(turn);
            order.timeout_s = within_session(order.timeout_s, &row.session);
            vwm_failpoints::pass("server.turn.giving");
            link.harness.start_turn(&order).await?;
            vwm_failpoints::pass("server.turn.given");
        }
        Ok(())
    }

    /// A turn that an older job took and never sent runs as soon as all is prepared: one that was aborted must not.
    pub(super) async fn abort_left(&self, link: &Link, turns: &[Turn]) -> Result<(), ActError> {
        for turn in turns.iter().filter(|turn| turn.abort_asked) {
            match link.harness.abort_turn(turn.id).await {
                Ok(_) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) async fn abort_turns(
        &self,
        ids: &[TurnId],
        row: &SessionRow,
        turns: &[Turn],
    ) -> Result<(), ActError> {
        let Some(link) = &self.link else {
            return Ok(());
        };
        for id in ids {
            let of_end = |turn: &Turn| turn.id == *id && turn.kind == TurnKind::Learning;
            vwm_failpoints::pass("server.abort.asking");
            let asked = link.harness.abort_turn(*id).await;
            vwm_failpoints::pass("server.abort.asked");
            match asked {
                Ok(_) => {}
                // It came with the order to end, and is not taken yet: asked again until it is.
                Err(error) if error.is_not_found() && turns.iter().any(of_end) => {}
                // Offered, and lost on the way: it is given to the harness, which then ends it.
                Err(error) if error.is_not_found() => {
                    self.start_turn(*id, row, turns).await?;
                    link.harness.abort_turn(*id).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What waits will not run any more.
    pub(super) async fn close_waiting(&self) -> Result<(), ActError> {
        let error = turn_error(
            "session_ended",
            "the session ended before the turn ran",
            false,
        );
        self.app.store.end_waiting_turns(self.id, error).await?;
        Ok(())
    }
}
