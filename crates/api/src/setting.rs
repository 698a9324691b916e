//! Settings: what holds for every worker.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;

/// A setting as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// `system_agent_md` or `engineFolders`.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Counts the changes of this key, from 1.
    pub revision: i64,
    /// When it was set.
    pub updated_at: Timestamp,
}
