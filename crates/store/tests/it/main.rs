//! The store through its public methods, each test on a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod blobs;
mod conversations;
mod durability;
mod events;
mod file_changes;
mod idempotency;
mod keys;
mod kit;
mod learnings;
mod numbers;
mod pump;
mod sessions;
mod settings;
mod telemetry;
mod turns;
mod workers;
