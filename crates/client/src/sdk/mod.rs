//! The shapes in which a program works with a virtual worker: the worker by its name, a session of it, turns as streams of envelopes.
//! They are those of the TypeScript SDK; all that they do goes through [`crate::Client`].

mod options;
mod result;
mod session;
mod turn;
mod worker;

pub use options::{SessionOptions, TurnArgs, WorkspaceFile};
pub use result::{Envelope, MissingFile, NO_RESPONSE, TurnProgress, TurnResult};
pub use session::VwSession;
pub use turn::Turn;
pub use worker::VirtualWorker;
