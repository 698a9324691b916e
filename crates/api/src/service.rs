//! What a server says of itself.

use serde::{Deserialize, Serialize};

use crate::{CliType, Role, SessionId, Timestamp, TurnId, WorkerId};

/// The answer of `GET /`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerName {
    /// `vwm`.
    pub name: String,
    /// The version.
    pub version: String,
}

/// The answer of `GET /health` and `GET /ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerHealth {
    /// `ok` or `ready`.
    pub status: String,
}

/// The answer of `GET /status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServerStatus {
    /// `vwm`.
    pub service: String,
    /// The version.
    pub version: String,
    /// In seconds.
    pub uptime: u64,
    /// Where jobs run: `local`.
    pub environment: String,
    /// What the key may do that asked.
    pub role: Role,
    /// Where things are remembered: `sqlite`, `postgres`.
    pub database: String,
    /// Whether new sessions are taken; why not, where they are not.
    pub refuses_sessions: Option<String>,
    /// How many sessions there are with each status that is not over.
    pub sessions: SessionCounts,
    /// How many turns run and wait.
    pub turns: TurnCounts,
    /// What bounds them.
    pub limits: ServerLimits,
    /// The turns that wait, oldest first; the first hundred.
    pub waiting: Vec<WaitingTurn>,
}

/// Sessions that are not over, by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionCounts {
    /// Made, not ready yet.
    pub pending: i64,
    /// Ready for prompts.
    pub active: i64,
    /// Without a job.
    pub suspended: i64,
    /// On their way out.
    pub ending: i64,
    /// Would not start, or cannot be resumed.
    pub failed: i64,
}

/// Turns that are not over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnCounts {
    /// A harness has them.
    pub running: i64,
    /// They wait.
    pub waiting: i64,
}

/// What bounds a server; null is without a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServerLimits {
    /// Sessions that are pending, active or ending.
    pub sessions: Option<u64>,
    /// The same, of each worker.
    pub sessions_per_worker: Option<u64>,
    /// Turns that run at once.
    pub turns: Option<u64>,
    /// The same, of each worker.
    pub turns_per_worker: Option<u64>,
}

/// A turn that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WaitingTurn {
    /// The turn.
    pub request_id: TurnId,
    /// Its session.
    pub session_id: SessionId,
    /// Its worker.
    pub worker_id: WorkerId,
    /// Since when.
    pub since: Timestamp,
    /// What for.
    pub reason: WaitReason,
}

/// What a turn waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// An earlier turn of its conversation.
    Conversation,
    /// Its session, which resumes or takes it just now.
    Session,
    /// As many turns of its worker run as may.
    WorkerLimit,
    /// As many turns run on the server as may.
    ServerLimit,
}

/// An engine, as this server knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Engine {
    /// What a worker calls it.
    pub cli_type: CliType,
    /// Whether this build has an adapter for it.
    pub supported: bool,
    /// The versions that are installed where this server's jobs look, newest first; empty for what a worker brings itself.
    pub versions: Vec<String>,
}
