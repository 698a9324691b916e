//! What has happened so far: counted for the summary, and every violation by itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use vwm_api::TurnStatus;

use super::Plan;

/// The counts of a run.
#[derive(Debug)]
pub(super) struct Tally {
    started: Instant,
    named: Mutex<BTreeMap<String, u64>>,
    violations: Mutex<Vec<String>>,
    /// Events that somebody who watched has seen.
    pub(super) events: AtomicU64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            named: Mutex::default(),
            violations: Mutex::default(),
            events: AtomicU64::new(0),
        }
    }

    /// One more of something.
    pub(super) fn count(&self, what: &str) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        *named.entry(what.to_owned()).or_default() += 1;
    }

    /// One more kill.
    pub(super) fn killed(&self, whom: &str) {
        self.count(&format!("kill {whom}"));
    }

    /// One more turn that is over.
    pub(super) fn turn(&self, status: TurnStatus) {
        self.count(&format!("turn {}", status.as_str()));
    }

    /// A promise that was not kept; told at once, and again at the end.
    pub(super) fn violation(&self, what: String) {
        let after = self.started.elapsed().as_secs_f64();
        eprintln!("\nviolation after {after:.1} s: {what}");
        let mut violations = self
            .violations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        violations.push(format!("after {after:.1} s: {what}"));
    }

    /// All of them.
    pub(super) fn violations(&self) -> Vec<String> {
        let violations = self.violations.lock();
        violations.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether something was counted.
    pub(super) fn has(&self, what: &str) -> bool {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.contains_key(what)
    }

    /// The counts whose names begin so, and their sum.
    fn of(&self, kind: &str) -> (u64, Vec<(String, u64)>) {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let those = named
            .iter()
            .filter_map(|(name, count)| Some((name.strip_prefix(kind)?.to_owned(), *count)));
        let those: Vec<(String, u64)> = those.collect();
        (those.iter().map(|(_, count)| count).sum(), those)
    }

    /// Where it stands, in one line.
    pub(super) fn progress(&self) -> String {
        format!(
            "{:.0} s, {} kills, {} turns, {} events, {} violations",
            self.started.elapsed().as_secs_f64(),
            self.of("kill ").0,
            self.of("turn ").0,
            self.events.load(Ordering::Relaxed),
            self.violations().len()
        )
    }

    /// The last line.
    pub(super) fn summary(&self, plan: &Plan, model_calls: usize) -> String {
        let (kills, of_kills) = self.of("kill ");
        let (turns, of_turns) = self.of("turn ");
        let (_, rest) = self.of("other ");
        let database = plan.database();
        let mut line = format!(
            "chaos: seed {} on {database}: {} s, {kills} kills{}, {turns} turns{}",
            plan.seed,
            plan.seconds,
            listed(&of_kills),
            listed(&of_turns)
        );
        for (name, count) in rest {
            line += &format!(", {count} {name}");
        }
        let events = self.events.load(Ordering::Relaxed);
        let violations = self.violations().len();
        line + &format!(", {events} events, {model_calls} model calls, {violations} violations")
    }
}

fn listed(counts: &[(String, u64)]) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    format!(" ({})", counts.join(", "))
}
