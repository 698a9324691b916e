//! What the server decides: handlers translate, these decide, the store remembers.

pub(crate) mod admission;
mod cluster;
pub(crate) mod engines;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod idempotency;
pub(crate) mod keys;
pub(crate) mod learning;
pub(crate) mod lifecycle;
pub(crate) mod metrics;
mod outage;
pub(crate) mod pushes;
pub(crate) mod runtimes;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod transcript;
pub(crate) mod turns;
mod warnings;
pub(crate) mod workers;
