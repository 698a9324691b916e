//! Turns: one prompt and all that followed from it. The published contract calls a turn a request.

use serde::{Deserialize, Serialize};

use crate::{CliType, KeyId, SessionId, SubsessionId, Timestamp, TurnId, WorkerId};

/// Where a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TurnStatus {
    /// It waits.
    Pending,
    /// A harness has it.
    Running,
    /// The engine answered.
    Complete,
    /// It ran and failed.
    Failed,
    /// It was aborted.
    Cancelled,
    /// It was sent to the engine and its end was lost: it is never run again by itself.
    OutcomeUnknown,
}

impl TurnStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Complete,
        Self::Failed,
        Self::Cancelled,
        Self::OutcomeUnknown,
    ];

    /// The status's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// Whether nothing more will come.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Complete | Self::Failed | Self::Cancelled | Self::OutcomeUnknown => true,
        }
    }
}

/// Who asked for a turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// A client.
    #[default]
    Prompt,
    /// The end of the session.
    Learning,
}

impl TurnKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Prompt, Self::Learning];

    /// The kind's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Learning => "learning",
        }
    }
}

/// What a prompt does when its conversation is busy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnBusy {
    /// It waits its turn.
    #[default]
    Queue,
    /// It is refused with 409.
    Reject,
}

/// What asks for a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prompt {
    /// What the worker is asked: at most 1 MiB.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1_048_576))]
    pub prompt: String,
    /// Which conversation; the session's main one unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsession_id: Option<SubsessionId>,
    /// Seconds from the start of the turn; 3600 unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 604_800))]
    pub timeout: Option<u32>,
    /// For finding it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100, max_length = 500))]
    pub breadcrumbs: Vec<String>,
    /// What happens when the conversation is busy.
    #[serde(default)]
    pub on_busy: OnBusy,
}

/// Which turns to abort; neither: everything in flight or waiting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AbortRequest {
    /// All of this conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsession_id: Option<SubsessionId>,
    /// This turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<TurnId>,
}

/// Why a turn did not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    /// `failed`, `cancelled` or `outcome_unknown`.
    pub status: TurnStatus,
    /// What happened and what to do.
    pub message: String,
    /// For programs: `aborted`, `timeout`, `outcome_unknown`, `engine_failed`, `interrupted`, `resume_failed`, `session_ended`,
    /// `model_auth`, `model_rate_limited`, `model_unavailable`, `model_refused`, `model_stream_lost`.
    pub code: String,
    /// Whether the same prompt might do better later.
    pub retryable: bool,
    /// When a limit ends, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Timestamp>,
}

impl TurnError {
    /// Every code.
    pub const CODES: [&'static str; 12] = [
        "aborted",
        "engine_failed",
        "interrupted",
        "model_auth",
        "model_rate_limited",
        "model_refused",
        "model_stream_lost",
        "model_unavailable",
        "outcome_unknown",
        "resume_failed",
        "session_ended",
        "timeout",
    ];

    /// Whether its code is on the list.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        Self::CODES.contains(&self.code.as_str())
    }
}

/// What the engine printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Raw {
    /// `stream-json` or `acp`.
    pub format: String,
    /// The lines as they came, capped; where it was cut a line says so.
    pub content: String,
    /// Whose they are.
    pub metadata: RawMetadata,
}

/// Whose raw output it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RawMetadata {
    /// The model that answered.
    pub model: Option<String>,
    /// The turn.
    pub request_id: TurnId,
    /// The engine.
    pub cli_type: CliType,
}

/// The whole answer of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The turn.
    pub request_id: TurnId,
    /// How it ended.
    pub status: TurnStatus,
    /// The conversation.
    pub subsession_id: SubsessionId,
    /// The text after the last tool call.
    pub response: String,
    /// Workspace-relative paths of what the turn created or modified.
    pub artifacts: Vec<String>,
    /// All input, cached included; null when nobody reported it.
    pub tokens_in: Option<i64>,
    /// All output; null when nobody reported it.
    pub tokens_out: Option<i64>,
    /// What the engine says it cost.
    pub cost_usd: Option<f64>,
    /// The model that answered.
    pub model: Option<String>,
    /// From the start of the turn to its end.
    pub duration_ms: Option<i64>,
    /// What the engine printed.
    pub raw: Option<Raw>,
    /// Why it did not complete; null when it did.
    pub error: Option<TurnError>,
    /// The turn that this one tries again.
    pub retry_of: Option<TurnId>,
}

/// The answer of `POST /sessions/:id/requests`: the turn goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AcceptedRequest {
    /// The turn.
    pub request_id: TurnId,
    /// Where it stands.
    pub status: TurnStatus,
}

/// The answer of `POST /sessions/:id/abort`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum AbortAnswer {
    /// What was in flight or waited is told to stop.
    #[default]
    Aborted,
}

/// One request by its id: its status and, once there, the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RequestView {
    /// The turn.
    pub request_id: TurnId,
    /// Where it stands.
    pub status: TurnStatus,
    /// The conversation.
    pub subsession_id: SubsessionId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The turn that it tries again.
    pub retry_of: Option<TurnId>,
    /// The answer, once it is over.
    pub answer: Option<Answer>,
}

/// What a telemetry row says of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The text after the last tool call.
    pub response: String,
    /// All input, cached included.
    pub tokens_in: Option<i64>,
    /// All output.
    pub tokens_out: Option<i64>,
    /// What the engine printed.
    pub raw: Option<Raw>,
}

/// One turn as telemetry tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TelemetryRow {
    /// The turn.
    pub id: TurnId,
    /// The session.
    pub session_id: SessionId,
    /// The worker.
    pub worker_id: WorkerId,
    /// The conversation.
    pub subsession_id: SubsessionId,
    /// Who asked.
    pub kind: TurnKind,
    /// The API key that asked; none for a learning turn.
    pub key_id: Option<KeyId>,
    /// What was asked, to the letter.
    pub prompt: String,
    /// The answer, once it is over.
    pub response: Option<Response>,
    /// All input, cached included.
    pub tokens_in: Option<i64>,
    /// All output.
    pub tokens_out: Option<i64>,
    /// What the engine says it cost.
    pub cost_usd: Option<f64>,
    /// The model that answered.
    pub model: Option<String>,
    /// Where it stands.
    pub status: TurnStatus,
    /// Why it did not complete; null when it did, or is not over.
    pub error: Option<TurnError>,
    /// The turn that this one tries again.
    pub retry_of: Option<TurnId>,
    /// From start to end.
    pub duration_ms: Option<i64>,
    /// What it created or modified.
    pub artifacts: Vec<String>,
    /// For finding it again.
    pub breadcrumbs: Vec<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// What came of learning; only in a row of kind `learning`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning: Option<Learning>,
}

/// What came of a session's learning. Nothing is known yet while its turn waits or runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Learning {
    /// What the worker wrote down, as it was committed.
    pub content: Option<String>,
    /// Where, relative to the workspace: `worker_repo/learnings/session-{id}.md`.
    pub path: Option<String>,
    /// Whether it is in a commit on `ff-vwm/{workerId}-{sessionId}`.
    pub git_committed: bool,
    /// Whether the remote has that commit.
    pub git_pushed: bool,
    /// The commit.
    pub git_commit_sha: Option<String>,
    /// Why nothing was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// A session's turns in numbers; only kind `prompt` counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// All.
    pub total_requests: i64,
    /// Complete.
    pub completed_requests: i64,
    /// Failed, cancelled and outcome unknown.
    pub failed_requests: i64,
    /// Sum.
    pub total_tokens_in: i64,
    /// Sum.
    pub total_tokens_out: i64,
    /// Sum.
    pub total_duration_ms: i64,
    /// Over all requests; 0 without any.
    pub avg_duration_ms: f64,
}
