//! Runtimes: the image a worker runs in, and where its engines are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RuntimeId, Timestamp, Warning};

/// What a person says of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRuntime {
    /// 1 to 100 characters, unique.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// For people.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 10_000))]
    pub description: Option<String>,
    /// The image that the team's tools are in.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub base_image: String,
    /// The image that VWM built from it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub vw_image: Option<String>,
    /// For finding it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::tags))]
    pub tags: Vec<String>,
    /// Where engines are installed, for the local backend; the server's own folder unless set.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 1000, pattern = "^/[^\\u0000]*$")
    )]
    pub engines_dir: Option<String>,
    /// What a job may use, as Kubernetes writes it: `{requests, limits}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::resources))]
    pub resources: Option<Map<String, Value>>,
    /// Which nodes of a cluster a job may run on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::node_selector))]
    pub node_selector: BTreeMap<String, String>,
    /// Which taints of a cluster's nodes a job bears, as Kubernetes writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::tolerations))]
    pub tolerations: Vec<Map<String, Value>>,
    /// A cluster's runtime class, such as `gvisor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 253,
            pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
        )
    )]
    pub runtime_class: Option<String>,
}

impl NewRuntime {
    /// A runtime with what is required, and every default.
    #[must_use]
    pub fn new(name: impl Into<String>, base_image: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            base_image: base_image.into(),
            vw_image: None,
            tags: Vec::new(),
            engines_dir: None,
            resources: None,
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            runtime_class: None,
        }
    }
}

/// The body of `PUT /admin/runtimes/:id`: a field that is absent stays as it is, one that is null goes back to its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuntimeChange {
    /// 1 to 100 characters, unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 10_000))]
    pub description: Option<String>,
    /// The image that the team's tools are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub base_image: Option<String>,
    /// The image that VWM built from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub vw_image: Option<String>,
    /// For finding it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::tags))]
    pub tags: Option<Vec<String>>,
    /// Where engines are installed, for the local backend: an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 1000, pattern = "^/[^\\u0000]*$")
    )]
    pub engines_dir: Option<String>,
    /// What a job may use, as Kubernetes writes it: `{requests, limits}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::resources))]
    pub resources: Option<Map<String, Value>>,
    /// Which nodes of a cluster a job may run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::node_selector))]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Which taints of a cluster's nodes a job bears, as Kubernetes writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::tolerations))]
    pub tolerations: Option<Vec<Map<String, Value>>>,
    /// A cluster's runtime class, such as `gvisor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 253,
            pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
        )
    )]
    pub runtime_class: Option<String>,
}

/// A runtime as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Runtime {
    /// The id.
    pub id: RuntimeId,
    /// What a person said of it.
    #[serde(flatten)]
    pub definition: NewRuntime,
    /// What is accepted and has no effect yet.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
