//! Runtimes: the image a worker runs in, and where its engines are.

use serde::{Deserialize, Serialize};

use crate::{RuntimeId, Timestamp};

/// What a person says of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRuntime {
    /// 1 to 100 characters, unique.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// The image that the team's tools are in.
    pub base_image: String,
    /// The image that VWM built from it.
    #[serde(default)]
    pub vw_image: Option<String>,
    /// For finding it.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where engines are installed, for the local backend; the server's own folder unless set.
    #[serde(default)]
    pub engines_dir: Option<String>,
}

/// A runtime as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Runtime {
    /// The id.
    pub id: RuntimeId,
    /// What a person said of it.
    #[serde(flatten)]
    pub definition: NewRuntime,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
