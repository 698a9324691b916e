//! Workers: the definition of a team member, a versioned artifact. Checks are in `vwm-worker`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{RuntimeId, Timestamp, Warning, WorkerId};

/// The engine that does the thinking; only the published contract calls it `cliType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CliType {
    /// Claude Code.
    ClaudeCode,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// OpenCode.
    Opencode,
    /// Any program that speaks the Agent Client Protocol.
    Acp,
    /// Any program that answers on its standard output.
    Command,
}

impl CliType {
    /// Every value, in the order that people read them.
    pub const ALL: [Self; 6] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::Gemini,
        Self::Opencode,
        Self::Acp,
        Self::Command,
    ];

    /// The engine's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Acp => "acp",
            Self::Command => "command",
        }
    }
}

/// Which program answers, for `acp` and `command`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EngineProgram {
    /// A name on the path, or an absolute path.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 4096))]
    pub command: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
}

/// Which model, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelConfig {
    /// Selects the model door: `anthropic`, `openai`, `gemini`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^(anthropic|openai|gemini)$"))]
    pub provider: Option<String>,
    /// The model's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub model: Option<String>,
    /// 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2))]
    pub temperature: Option<f64>,
    /// The most tokens that one answer of the model may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = Int64, minimum = 1, maximum = 4_294_967_295_u32))]
    pub max_tokens: Option<u32>,
}

/// A server of tools: by `url`, or by `adapter` of the configured gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpServer {
    /// What the agent calls it; each server has its own name.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._-]+$")
    )]
    pub name: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 2000, pattern = "^https?://"))]
    pub url: Option<String>,
    /// An adapter of the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._-]+$")
    )]
    pub adapter: Option<String>,
    /// Sent with every call; a value may be `${secret:NAME}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// What happens to a tool call that no rule names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalsMode {
    /// It is allowed; the wall is the limit.
    #[default]
    Auto,
    /// A person is asked.
    Ask,
    /// It is refused.
    Strict,
}

/// Which tool calls are allowed, denied or asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approvals {
    /// What happens without a rule.
    #[serde(default)]
    pub mode: ApprovalsMode,
    /// Rules that allow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(pattern = "\\S"))]
    pub allow: Vec<String>,
    /// Rules that deny; they win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(pattern = "\\S"))]
    pub deny: Vec<String>,
}

/// A worker as a person writes it, complete with every default. Checked and made by `vwm-worker`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkerDefinition {
    /// 1 to 100 characters of `A-Za-z0-9._-`, unique.
    pub name: String,
    /// For people, and the tool's description when other workers may call this one.
    pub description: Option<String>,
    /// Where it runs.
    pub runtime_id: RuntimeId,
    /// The engine.
    pub cli_type: CliType,
    /// Which program, for `acp` and `command`.
    pub engine: Option<EngineProgram>,
    /// Given to the engine and what it starts.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The role: merged after the system instructions.
    pub agent_md: Option<String>,
    /// Which model, and how.
    pub model_config: Option<ModelConfig>,
    /// Servers of tools.
    #[serde(default)]
    pub mcp_servers: Vec<McpServer>,
    /// Skills, as they were written: nothing reads them yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Value>,
    /// The knowledge base.
    pub worker_repo_url: Option<String>,
    /// Its base branch.
    pub worker_repo_branch: String,
    /// A secret's name.
    pub git_credential: Option<String>,
    /// Whether a session ends with a learning turn.
    pub auto_learn: bool,
    /// How long a session may have a job, in seconds.
    pub timeout: u32,
    /// What the agent may do.
    #[serde(default)]
    pub approvals: Approvals,
    /// Whether changes are refused.
    pub locked: bool,
}

impl WorkerDefinition {
    /// The provider whose models the engine asks through its door; `modelConfig.provider` where the engine leaves it open.
    #[must_use]
    pub fn provider(&self) -> &str {
        let named = self
            .model_config
            .as_ref()
            .and_then(|config| config.provider.as_deref());
        match self.cli_type {
            CliType::ClaudeCode => "anthropic",
            CliType::Codex => "openai",
            CliType::Gemini => "gemini",
            CliType::Opencode | CliType::Acp | CliType::Command => named.unwrap_or("anthropic"),
        }
    }

    /// Whether the engine can do nothing without a model behind its door; a program of the worker's may bring its own.
    #[must_use]
    pub fn needs_provider(&self) -> bool {
        match self.cli_type {
            CliType::ClaudeCode | CliType::Codex | CliType::Gemini | CliType::Opencode => true,
            CliType::Acp | CliType::Command => false,
        }
    }
}

/// A worker as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// The id.
    pub id: WorkerId,
    /// The definition.
    #[serde(flatten)]
    pub definition: WorkerDefinition,
    /// Counts the changes, from 1.
    pub revision: i64,
    /// Of the definition's canonical form.
    pub hash: String,
    /// What is accepted and has no effect yet.
    pub warnings: Vec<Warning>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One revision of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkerRevision {
    /// The worker.
    pub worker_id: WorkerId,
    /// Its number, from 1.
    pub revision: i64,
    /// Of the canonical form.
    pub hash: String,
    /// The definition.
    pub definition: WorkerDefinition,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether a lock was overridden for it.
    pub forced: bool,
}
