//! What a run found: one document for programs, a table and a chart for people.

mod chart;
mod docs;
mod metric;

use serde::Serialize;

use crate::bare::Bare;
use crate::floors::Floors;
use crate::machine::Machine;

pub(crate) use docs::write as write_docs;
pub(crate) use metric::{Better, Metric, Verdict};

/// Everything that a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// When it ended.
    pub(crate) at: String,
    /// Whether it was made to see that it runs.
    pub(crate) quick: bool,
    /// Where.
    pub(crate) machine: Machine,
    /// The machine's load average before the run.
    pub(crate) load_before: f64,
    /// Likewise, after it.
    pub(crate) load_after: f64,
    /// The largest part of the machine that others used just before a measure.
    pub(crate) busiest: f64,
    /// What was measured.
    pub(crate) versions: Versions,
    /// In milliseconds.
    pub(crate) floors: Floors,
    /// In milliseconds.
    pub(crate) agent: Bare,
    /// The numbers.
    pub(crate) metrics: Vec<Metric>,
    /// What could not be measured, and why.
    pub(crate) failures: Vec<Failure>,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Versions {
    /// Ours.
    pub(crate) vwm: String,
    /// The peer's; none where it could not be had.
    pub(crate) peer: Option<String>,
}

/// Something that could not be measured.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// What.
    pub(crate) what: String,
    /// Why.
    pub(crate) why: String,
}

impl Failure {
    /// What an error kept from being measured.
    pub(crate) fn new(what: &str, error: &anyhow::Error) -> Self {
        Self {
            what: what.to_owned(),
            why: format!("{error:#}"),
        }
    }
}
