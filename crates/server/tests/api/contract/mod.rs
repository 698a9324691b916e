//! The published contract, sentence by sentence: what every resource looks like in every state, and what every refusal says.

mod access_words;
mod bodies;
mod events;
mod failures;
mod idempotency;
mod ids;
mod methods;
mod queries;
mod sessions;
mod storms;
mod turns;
mod workers;

use vwm_api::harness::{Entry, Outcome, Record};
use vwm_api::{CliType, SessionId, Timestamp, TurnStatus};
use vwm_store::Turn;

use crate::kit::TestApp;

/// Stores what a harness would have journaled next.
async fn journal(app: &TestApp, session: SessionId, entries: Vec<Entry>) {
    let row = app.app.store.session(session).await.expect("a read");
    let pumped = row.expect("the session").pumped_n;
    let records = (pumped + 1..).zip(entries).map(|(n, entry)| Record {
        n,
        at: Timestamp::now(),
        generation: 1,
        entry,
    });
    let stored = app.app.store.store_records(session, records.collect());
    stored.await.expect("the records follow");
}

/// An end about which nobody reported anything but itself.
fn outcome(status: TurnStatus) -> Outcome {
    Outcome {
        status,
        response: String::new(),
        artifacts: Vec::new(),
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        cost_total_usd: None,
        model: None,
        duration_ms: None,
        raw_format: None,
        raw: String::new(),
        engine: Some(CliType::ClaudeCode),
        error: None,
    }
}

/// A turn's end.
fn ended(turn: &Turn, outcome: Outcome) -> Entry {
    Entry::Ended {
        turn: turn.id,
        outcome: Box::new(outcome),
    }
}

/// A worker's address.
fn address(worker: &serde_json::Value) -> String {
    let id = worker["id"].as_str().expect("an id");
    format!("/admin/workers/{id}")
}
