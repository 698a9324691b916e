//! The client against small servers of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod calls;
mod cuts;
mod events;
mod files;
mod harness;
mod played;
mod sdk;
