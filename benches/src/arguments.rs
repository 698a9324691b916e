//! What the benchmarks are told.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// What the benchmarks are told.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask bench",
    about = "Measures VWM, the machine and sandbox-agent in one run; JSON on standard output"
)]
pub struct Arguments {
    /// Only these; all of them unless named.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MEASURES")]
    pub(crate) only: Vec<Measure>,
    /// Writes the JSON to a file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Fewer of everything: to see that it runs, not to decide by.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Waits so long before the floors and before each measure until nobody else uses the machine.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) patience: u64,
    /// Measures also on this PostgreSQL server, which lets databases be made: `postgres://user@host:port/postgres`.
    #[arg(long, value_name = "URL")]
    pub(crate) postgres: Option<String>,
    /// Writes the table and the chart into docs/.
    #[arg(long, conflicts_with_all = ["only", "quick"])]
    pub(crate) write_docs: bool,
}

/// What can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// What a prompt and an event cost.
    M1,
    /// Many watchers.
    M2,
    /// Memory.
    M3,
    /// Making sessions.
    M4,
    /// Resuming.
    M5,
    /// A killed server.
    M6,
    /// Watchers that come back.
    M7,
    /// Footprint.
    M8,
}
