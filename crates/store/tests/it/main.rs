//! The store through its public methods, each test on a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[macro_use]
mod kit;

mod admission;
mod blobs;
mod conversations;
mod durability;
mod events;
mod file_changes;
mod follow;
mod idempotency;
mod keys;
mod learnings;
mod lifecycle;
mod model;
mod numbers;
mod postgres;
mod pump;
mod retention;
mod sessions;
mod settings;
mod telemetry;
mod together;
mod turns;
mod workers;
