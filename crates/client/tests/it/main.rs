//! The client against small servers of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod events;
mod harness;
