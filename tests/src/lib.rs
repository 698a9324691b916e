//! The kit of the end-to-end tests: a real server, real harnesses and real engines in a folder of their own. A test shows the
//! answer; the kit hides the plumbing.

mod binary;
mod config;
mod process;
mod repository;
mod server;
mod world;

pub use binary::vwm;
pub use process::{is_alive, kill};
pub use repository::Repository;
pub use server::Server;
pub use world::{World, within};

/// What may go wrong in the kit: a test shows it and ends.
pub type Result<T = ()> = anyhow::Result<T>;
