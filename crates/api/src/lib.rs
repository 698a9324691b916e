//! The words of VWM: ids, requests, answers, events and errors, shared by every crate. No I/O.

mod error;
mod event;
pub mod harness;
mod id;
mod key;
mod push;
mod runtime;
mod session;
mod setting;
mod time;
mod turn;
pub mod volume;
mod worker;

pub use error::{ErrorBody, Fault, Warning, chain};
pub use event::{AgentEvent, Event, EventBody, Resume, Seq, Start, ToolCall, ToolResult};
pub use id::{IdError, KeyId, NativeId, RuntimeId, SessionId, SubsessionId, TurnId, WorkerId};
pub use key::{Key, Role};
pub use push::{PushResult, PushedBranch, RepositoryRole, Unpushed};
pub use runtime::{NewRuntime, Runtime};
pub use session::{EndStep, NewSession, Repository, Session, SessionPage, SessionStatus, Trigger};
pub use setting::Setting;
pub use time::Timestamp;
pub use turn::{
    AbortRequest, Answer, Learning, OnBusy, Prompt, Raw, RawMetadata, RequestView, Response, Stats,
    TelemetryRow, TurnError, TurnKind, TurnStatus,
};
pub use worker::{
    Approvals, ApprovalsMode, CliType, EngineProgram, McpServer, ModelConfig, Worker,
    WorkerDefinition, WorkerRevision,
};

/// The version of the protocol between server and harness; a server speaks this one and the one before.
pub const HARNESS_PROTOCOL: u32 = 1;
