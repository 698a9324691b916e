//! Settings: what holds for every worker, with its history.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{KeyId, Timestamp, Warning};

/// A setting as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// `system_agent_md`, `engineFolders`, or a name of one's own, which VWM keeps and does not read.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Counts the changes of this key, from 1.
    pub revision: i64,
    /// Who set it; none where the server itself did.
    pub set_by: Option<KeyId>,
    /// When it was set.
    pub updated_at: Timestamp,
    /// What is accepted and has no effect.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// What it was, newest first, this value included; only where one setting is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<SettingRevision>,
}

/// A value that a setting has or had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SettingRevision {
    /// Counts the changes of this key, from 1.
    pub revision: i64,
    /// The value.
    pub value: Value,
    /// Who set it.
    pub set_by: Option<KeyId>,
    /// When.
    pub created_at: Timestamp,
}

/// What a setting shall be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSettingValue {
    /// Any JSON but null; what a known key may be is checked.
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::setting_value))]
    pub value: Value,
}
