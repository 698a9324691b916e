//! How to ask over HTTP: the server's public API, one file per resource, and the harness's own protocol.
//!
//! A program that works with a worker needs [`VirtualWorker`] and [`VwSession`]; everything else that a server answers is a method of
//! [`Client`]. Streams come back by themselves where they were cut.
//!
//! ```no_run
//! use vwm_api::EventBody;
//! use vwm_client::{Client, Envelope, SessionOptions, TurnArgs, VirtualWorker, WorkspaceFile};
//!
//! # async fn walk(key: &str) -> Result<(), vwm_client::ClientError> {
//! let client = Client::new("http://127.0.0.1:7420", key)?;
//! let session = VirtualWorker::new(client, "bob")
//!     .start_session(SessionOptions::default())
//!     .await?;
//! let mut turn = session.prompt(TurnArgs {
//!     prompt: "Sum up notes.txt in summary.md".into(),
//!     input_files: vec![WorkspaceFile::new("notes.txt", "what was said")],
//!     output_file_paths: vec!["summary.md".into()],
//!     ..TurnArgs::default()
//! })?;
//! while let Some(envelope) = turn.next().await {
//!     if let Envelope::Event(event) = envelope
//!         && let EventBody::Text(text) = event.body
//!     {
//!         print!("{text}");
//!     }
//! }
//! println!("{:?}", turn.result().await?.downloaded_files);
//! let word = session.execute_prompt("And in one word?").await?;
//! println!("{}", word.prompt_response.response);
//! session.end().await
//! # }
//! ```

mod ask;
mod backoff;
mod client;
mod error;
pub mod events;
mod fault;
mod files;
pub mod harness;
mod health;
mod keys;
mod path;
mod runtimes;
mod sdk;
mod sessions;
mod settings;
pub mod sse;
mod turns;
mod workers;

pub use client::Client;
pub use error::{Cause, ClientError};
pub use events::{EventStream, WatchStream, Watched};
pub use harness::{ByteStream, Endpoint, Harness, RecordStream};
pub use sdk::{
    Envelope, MissingFile, NO_RESPONSE, SessionOptions, Turn, TurnArgs, TurnProgress, TurnResult,
    VirtualWorker, VwSession, WorkspaceFile,
};
pub use sessions::SessionFilter;
pub use workers::Lock;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
