//! What became of a session's branches at their remotes.

use serde::{Deserialize, Serialize};

/// What a repository is to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RepositoryRole {
    /// The worker's: `worker_repo/`.
    KnowledgeBase,
    /// What the session works on: `session_repo/`.
    SessionRepository,
}

impl RepositoryRole {
    /// The name in JSON, and of the steps that prepare the repository and push it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KnowledgeBase => "knowledge_base",
            Self::SessionRepository => "session_repository",
        }
    }
}

/// A branch of an ended session that its remote does not have. Its commits are kept in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unpushed {
    /// Which repository.
    pub repository: RepositoryRole,
    /// The remote, without credentials.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// The commit that it stands at.
    pub sha: String,
    /// The bundle's name among what is kept of the session.
    pub bundle: String,
    /// Why the remote does not have it.
    pub reason: String,
}

/// A branch that the remote has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushedBranch {
    /// Which repository.
    pub repository: RepositoryRole,
    /// The remote, without credentials.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// The commit that it stands at.
    pub sha: String,
}

/// The answer of `POST /sessions/:id/push`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushResult {
    /// What the remotes took.
    pub pushed: Vec<PushedBranch>,
    /// What they did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpushed: Vec<Unpushed>,
}
