//! Turns: given to the harness, stopped there, or ended where nobody has them.

use vwm_api::harness::TurnOrder;
use vwm_api::{TurnId, TurnKind};
use vwm_store::Turn;

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

impl Runner {
    pub(super) async fn start_turn(&self, id: TurnId, turns: &[Turn]) -> Result<(), ActError> {
        let Some(turn) = turns.iter().find(|turn| turn.id == id) else {
            return Ok(());
        };
        // Offered first: from here on only the harness can say that the turn never ran.
        if !turn.offered && !self.app.store.offer_turn(id).await? {
            return Ok(());
        }
        if let Some(link) = &self.link {
            link.harness.start_turn(&order(turn)).await?;
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

    pub(super) async fn abort_turns(&self, ids: &[TurnId], turns: &[Turn]) -> Result<(), ActError> {
        let Some(link) = &self.link else {
            return Ok(());
        };
        for id in ids {
            let of_end = |turn: &Turn| turn.id == *id && turn.kind == TurnKind::Learning;
            match link.harness.abort_turn(*id).await {
                Ok(_) => {}
                // It came with the order to end, and is not taken yet: asked again until it is.
                Err(error) if error.is_not_found() && turns.iter().any(of_end) => {}
                // Offered, and lost on the way: it is given to the harness, which then ends it.
                Err(error) if error.is_not_found() => {
                    self.start_turn(*id, turns).await?;
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
