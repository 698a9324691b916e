//! The measures, each in its own file.

mod crash;
mod create;
mod footprint;
mod latency;
mod memory;
mod resume;
mod storm;
mod watchers;

use anyhow::Result;

use crate::arguments::Measure;
use crate::report::Metric;
use crate::run::Kit;

/// Adds what it measures; what it could not measure is the error, and what it had before that stays.
type Make = fn(&Kit, &mut Vec<Metric>) -> Result<()>;

/// All measures, in their order.
pub(crate) const ALL: [(Measure, &str, Make); 8] = [
    (Measure::M1, "M1 a prompt and an event", latency::measure),
    (Measure::M2, "M2 many watchers", watchers::measure),
    (Measure::M3, "M3 memory", memory::measure),
    (Measure::M4, "M4 making sessions", create::measure),
    (Measure::M5, "M5 resuming", resume::measure),
    (Measure::M6, "M6 a killed server", crash::measure),
    (Measure::M7, "M7 watchers come back", storm::measure),
    (Measure::M8, "M8 footprint", footprint::measure),
];
