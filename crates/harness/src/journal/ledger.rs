//! What the journal's records add up to: which turns are open, how each conversation is called, what it has cost.

use std::collections::{BTreeMap, BTreeSet};

use vwm_api::harness::{Entry, Happened, Outcome, TurnOrder};
use vwm_api::{AgentEvent, NativeId, SubsessionId, TurnId, TurnKind, TurnStatus};

use super::repair;

/// The sum of a journal.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    turns: BTreeMap<TurnId, TurnState>,
    natives: BTreeMap<SubsessionId, NativeId>,
    costs: BTreeMap<SubsessionId, f64>,
    notices: BTreeSet<(String, String)>,
}

/// What is known of one turn.
#[derive(Debug, Clone)]
pub(crate) struct TurnState {
    /// What was asked.
    pub(crate) order: TurnOrder,
    /// Whether its prompt may have reached an engine.
    pub(crate) sent: bool,
    /// How it ended.
    pub(crate) ended: Option<TurnStatus>,
}

impl TurnState {
    /// Whether nothing more will come.
    #[must_use]
    pub(crate) fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// As the contract tells it.
    #[must_use]
    pub(crate) fn status(&self) -> TurnStatus {
        self.ended.unwrap_or(TurnStatus::Running)
    }
}

impl Ledger {
    pub(super) fn learn(&mut self, entry: &Entry) {
        if repair::tells_of_loss(entry) {
            // That they were sent may have stood there: nothing is sent twice.
            let open = self.turns.values_mut().filter(|turn| !turn.is_over());
            open.for_each(|turn| turn.sent = true);
        }
        match entry {
            Entry::Accepted { order } => {
                let state = TurnState {
                    order: order.clone(),
                    sent: false,
                    ended: None,
                };
                self.turns.entry(order.turn).or_insert(state);
            }
            Entry::Sent { turn } => self.known(*turn, None).sent = true,
            Entry::Event {
                subsession: Some(subsession),
                event: Happened::Native(native),
                ..
            } => {
                self.natives.insert(*subsession, native.clone());
            }
            Entry::Event {
                turn: None,
                event: Happened::Agent(AgentEvent::Notice { code, message }),
                ..
            } => {
                self.notices.insert((code.clone(), message.clone()));
            }
            Entry::Event {
                turn: Some(turn),
                subsession,
                ..
            } => {
                self.known(*turn, *subsession);
            }
            Entry::Event { turn: None, .. } => {}
            Entry::Ended { turn, outcome } => self.end(*turn, outcome),
        }
    }

    /// A turn of which something is told; one whose beginning is lost was sent.
    fn known(&mut self, turn: TurnId, subsession: Option<SubsessionId>) -> &mut TurnState {
        self.turns.entry(turn).or_insert_with(|| TurnState {
            order: TurnOrder {
                turn,
                subsession: subsession.unwrap_or_else(SubsessionId::new),
                kind: TurnKind::Prompt,
                prompt: String::new(),
                timeout_s: 0,
            },
            sent: true,
            ended: None,
        })
    }

    fn end(&mut self, turn: TurnId, outcome: &Outcome) {
        let state = self.known(turn, None);
        state.ended = Some(outcome.status);
        // What the turn asked and answered is in the file; a resident harness needs to know only that it is over.
        state.order.prompt = String::new();
        let subsession = state.order.subsession;
        if let Some(total) = outcome.cost_total_usd {
            self.costs.insert(subsession, total);
        }
    }

    /// One turn.
    #[must_use]
    pub(crate) fn turn(&self, turn: TurnId) -> Option<&TurnState> {
        self.turns.get(&turn)
    }

    /// Turns that are not over, oldest first.
    #[must_use]
    pub(crate) fn open(&self) -> Vec<TurnState> {
        self.turns
            .values()
            .filter(|state| !state.is_over())
            .cloned()
            .collect()
    }

    /// Whether the session has told this already.
    #[must_use]
    pub(crate) fn has_notice(&self, code: &str, message: &str) -> bool {
        self.notices
            .contains(&(code.to_owned(), message.to_owned()))
    }

    /// What the engine last called a conversation.
    #[must_use]
    pub(crate) fn native(&self, subsession: SubsessionId) -> Option<NativeId> {
        self.natives.get(&subsession).cloned()
    }

    /// What a conversation has cost by the engine's own running total.
    #[must_use]
    pub(crate) fn cost_total(&self, subsession: SubsessionId) -> Option<f64> {
        self.costs.get(&subsession).copied()
    }
}
