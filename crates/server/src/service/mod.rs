//! What the server decides: handlers translate, these decide, the store remembers.

pub(crate) mod events;
pub(crate) mod idempotency;
mod learning;
pub(crate) mod pushes;
pub(crate) mod runtimes;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod turns;
mod warnings;
pub(crate) mod workers;
