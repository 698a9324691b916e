//! What a server says of itself.

use serde::{Deserialize, Serialize};

use crate::{CliType, Role};

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
