//! What asks for a worker, or for a change of one. What every field means is said at [`crate::WorkerDefinition`]; the checks are in
//! `vwm-worker`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Approvals, CliType, EngineProgram, McpServer, ModelConfig, RuntimeId};

macro_rules! with_optional_fields {
    ($(#[$doc:meta])* pub struct $name:ident { $($first:tt)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($first)*
            /// For people, and the tool's description when other workers may call this one.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub description: Option<String>,
            /// Which program: needed for `acp` and `command`, refused for the others.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub engine: Option<EngineProgram>,
            /// Given to the engine and what it starts.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub env: Option<BTreeMap<String, String>>,
            /// The role: merged after the system instructions. At most 256 KiB.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "openapi", schema(max_length = 262_144))]
            pub agent_md: Option<String>,
            /// Another name of `agentMd`; give one of them.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "openapi", schema(max_length = 262_144))]
            pub instructions: Option<String>,
            /// Which model, and how.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub model_config: Option<ModelConfig>,
            /// Another name of `modelConfig.model`; give one of them.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
            pub model: Option<String>,
            /// Servers of tools.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub mcp_servers: Option<Vec<McpServer>>,
            /// Skills; nothing reads them yet.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub skills: Option<Vec<Value>>,
            /// The knowledge base.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 2000, pattern = r"^((https?|ssh|file)://\S+|[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9._-]*:[^\s-]\S*)$"))]
            pub worker_repo_url: Option<String>,
            /// Its base branch; `main` unless set.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
            pub worker_repo_branch: Option<String>,
            /// A secret's name.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._-]+$"))]
            pub git_credential: Option<String>,
            /// Whether a session ends with a learning turn; false unless set.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub auto_learn: Option<bool>,
            /// How long a session may have a job, in seconds; 0 is without an end; 3600 unless set.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 604_800))]
            pub timeout: Option<u32>,
            /// What the agent may do.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub approvals: Option<Approvals>,
            /// Whether changes are refused; false unless set.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub locked: Option<bool>,
        }
    };
}

with_optional_fields! {
    /// The body of `POST /admin/workers`.
    pub struct NewWorker {
        /// 1 to 100 characters of `A-Za-z0-9._-`, unique.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._-]+$"))]
        pub name: String,
        /// Where it runs.
        pub runtime_id: RuntimeId,
        /// The engine.
        pub cli_type: CliType,
    }
}

with_optional_fields! {
    /// The body of `PUT /admin/workers/:id`: a field that is absent stays as it is, one that is null goes back to its default.
    #[derive(Default)]
    pub struct WorkerChange {
        /// 1 to 100 characters of `A-Za-z0-9._-`, unique.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._-]+$"))]
        pub name: Option<String>,
        /// Where it runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub runtime_id: Option<RuntimeId>,
        /// The engine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cli_type: Option<CliType>,
    }
}

impl NewWorker {
    /// A worker with what is required, and every default.
    #[must_use]
    pub fn new(name: impl Into<String>, runtime_id: RuntimeId, cli_type: CliType) -> Self {
        Self {
            name: name.into(),
            runtime_id,
            cli_type,
            description: None,
            engine: None,
            env: None,
            agent_md: None,
            instructions: None,
            model_config: None,
            model: None,
            mcp_servers: None,
            skills: None,
            worker_repo_url: None,
            worker_repo_branch: None,
            git_credential: None,
            auto_learn: None,
            timeout: None,
            approvals: None,
            locked: None,
        }
    }
}
