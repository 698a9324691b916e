//! What runs beside the engine: prepares the workspace, runs the engine behind a wall and a door, journals what happens.

pub mod adapter;
pub mod adapters;
mod artifacts;
mod conversation;
pub mod door;
mod files;
pub mod git;
mod http;
mod instructions;
mod journal;
mod prepared;
pub mod process;
mod push_bundle;
mod run;
mod session;
mod state;
pub mod supervisor;
#[cfg(test)]
mod tests_setup;
mod transcript;
mod unseen;
pub mod workspace;

use std::process::exit;

pub use push_bundle::push_bundle;
pub use run::{HarnessArgs, run};

/// What is not journaled did not happen: where the disk has lost what was, the harness ends, and the next generation settles what is
/// open.
fn fatal(error: &std::io::Error) -> ! {
    tracing::error!(%error, "Journal has lost what was written to it: the harness ends; is the disk broken?");
    exit(1)
}
