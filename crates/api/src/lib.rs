//! The words of VWM: ids, requests, answers, events and errors, shared by every crate. No I/O.

mod error;
mod event;
mod file;
pub mod harness;
mod id;
mod key;
mod new_worker;
mod push;
mod runtime;
#[cfg(feature = "openapi")]
mod schema;
mod service;
mod session;
mod setting;
mod time;
pub mod transcript;
mod turn;
pub mod volume;
mod worker;

pub use error::{ErrorBody, Fault, Warning, chain};
pub use event::{AgentEvent, Event, EventBody, Resume, Seq, Start, ToolCall, ToolResult};
pub use file::{FileAction, FileChange, FileChangeStatus, FileEntry, FileKind, FileList};
pub use id::{
    FileChangeId, IdError, KeyId, NativeId, RuntimeId, SessionId, SubsessionId, TurnId, WorkerId,
};
pub use key::{Key, KeyWithSecret, NewKey, Role};
pub use new_worker::{NewWorker, WorkerChange};
pub use push::{PushResult, PushedBranch, RepositoryRole, Unpushed};
pub use runtime::{NewRuntime, Runtime, RuntimeChange};
pub use service::{
    Engine, ServerHealth, ServerLimits, ServerName, ServerStatus, SessionCounts, TurnCounts,
    WaitReason, WaitingTurn,
};
pub use session::{EndStep, NewSession, Repository, Session, SessionPage, SessionStatus, Trigger};
pub use setting::{NewSettingValue, Setting, SettingRevision};
pub use time::Timestamp;
pub use turn::{
    AbortAnswer, AbortRequest, AcceptedRequest, Answer, Learning, OnBusy, Prompt, Raw, RawMetadata,
    RequestView, Response, Stats, TelemetryRow, TurnError, TurnKind, TurnStatus,
};
pub use worker::{
    Approvals, ApprovalsMode, CliType, EngineProgram, McpServer, ModelConfig, Worker,
    WorkerDefinition, WorkerRevision,
};

/// The version of the protocol between server and harness; a server speaks this one and the one before.
pub const HARNESS_PROTOCOL: u32 = 1;
