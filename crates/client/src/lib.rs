//! How to ask over HTTP: the server's public API, one file per resource, and the harness's own protocol.

mod backoff;
mod client;
mod error;
pub mod events;
pub mod harness;
mod health;
mod path;
mod runtimes;
mod sessions;
mod settings;
pub mod sse;
mod turns;
mod workers;

pub use client::Client;
pub use error::{Cause, ClientError};
pub use events::{EventStream, WatchStream, Watched};
pub use harness::{Endpoint, Harness, RecordStream};
pub use sessions::SessionFilter;
pub use workers::Lock;
