//! What each conversation has used of its model, and how that last failed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use vwm_api::{SubsessionId, TurnError};

use super::Shared;
use super::meter::Reading;

/// What a conversation has used since the door was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input, cached included; none when no answer reported it.
    pub tokens_in: Option<i64>,
    /// All output; none when no answer reported it.
    pub tokens_out: Option<i64>,
    /// Answers that reported usage.
    pub calls: u64,
    /// The model that answered last.
    pub model: Option<String>,
}

/// What goes on between a conversation and its model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls that are not answered to their end.
    pub open: u32,
    /// When the model sent something last.
    pub last_byte: Option<Instant>,
}

#[derive(Debug, Default)]
struct Account {
    traffic: Traffic,
    usage: Usage,
    failure: Option<TurnError>,
    /// Answers that broke off since one was whole.
    broken: u32,
}

/// A call that is not answered to its end; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Open {
    shared: Arc<Shared>,
    subsession: SubsessionId,
}

impl Open {
    pub(super) fn new(shared: &Arc<Shared>, subsession: SubsessionId) -> Self {
        shared.ledger.begun(subsession);
        Self {
            shared: Arc::clone(shared),
            subsession,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.ledger.over(self.subsession);
    }
}

/// The accounts of all conversations.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<HashMap<SubsessionId, Account>>);

impl Ledger {
    pub(super) fn usage(&self, subsession: SubsessionId) -> Usage {
        self.accounts()
            .get(&subsession)
            .map(|account| account.usage.clone())
            .unwrap_or_default()
    }

    /// A conversation has an account from now on.
    pub(super) fn open(&self, subsession: SubsessionId) {
        self.accounts().entry(subsession).or_default();
    }

    /// Whether a conversation has an account.
    pub(super) fn is_open(&self, subsession: SubsessionId) -> bool {
        self.accounts().contains_key(&subsession)
    }

    /// Books what an answer reported beyond what was booked of it before.
    pub(super) fn count(&self, subsession: SubsessionId, before: &Reading, now: &Reading) {
        let mut accounts = self.accounts();
        let usage = &mut accounts.entry(subsession).or_default().usage;
        if now.is_reported() {
            if !before.is_reported() {
                usage.calls += 1;
            }
            let input = now.tokens_in() - before.tokens_in();
            let output = now.output - before.output;
            usage.tokens_in = Some(usage.tokens_in.unwrap_or(0) + input);
            usage.tokens_out = Some(usage.tokens_out.unwrap_or(0) + output);
        }
        if now.model.is_some() {
            usage.model.clone_from(&now.model);
        }
    }

    pub(super) fn traffic(&self, subsession: SubsessionId) -> Traffic {
        self.accounts()
            .get(&subsession)
            .map(|account| account.traffic)
            .unwrap_or_default()
    }

    /// The model sent something.
    pub(super) fn sent(&self, subsession: SubsessionId) {
        if let Some(account) = self.accounts().get_mut(&subsession) {
            account.traffic.last_byte = Some(Instant::now());
        }
    }

    fn begun(&self, subsession: SubsessionId) {
        self.accounts().entry(subsession).or_default().traffic.open += 1;
    }

    fn over(&self, subsession: SubsessionId) {
        if let Some(account) = self.accounts().get_mut(&subsession) {
            account.traffic.open = account.traffic.open.saturating_sub(1);
        }
    }

    /// A turn begins: what failed before is forgotten.
    pub(super) fn begin(&self, subsession: SubsessionId) {
        self.whole(subsession);
    }

    /// An answer came whole.
    pub(super) fn whole(&self, subsession: SubsessionId) {
        let mut accounts = self.accounts();
        let account = accounts.entry(subsession).or_default();
        account.failure = None;
        account.broken = 0;
    }

    pub(super) fn failed(&self, subsession: SubsessionId, error: TurnError) {
        self.accounts().entry(subsession).or_default().failure = Some(error);
    }

    /// An answer broke off after it had begun.
    pub(super) fn broke(&self, subsession: SubsessionId, error: TurnError) {
        let mut accounts = self.accounts();
        let account = accounts.entry(subsession).or_default();
        account.failure = Some(error);
        account.broken += 1;
    }

    pub(super) fn broken(&self, subsession: SubsessionId) -> u32 {
        self.accounts()
            .get(&subsession)
            .map_or(0, |account| account.broken)
    }

    pub(super) fn failure(&self, subsession: SubsessionId) -> Option<TurnError> {
        self.accounts()
            .get(&subsession)
            .and_then(|account| account.failure.clone())
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<SubsessionId, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
