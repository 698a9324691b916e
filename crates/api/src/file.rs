//! Files of a workspace, as the file calls tell them, and the record of what they changed.

use serde::{Deserialize, Serialize};

use crate::{FileChangeId, KeyId, SessionId, Timestamp, WorkerId};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A regular file: the only kind that can be read.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; no call follows one.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    /// Its name. One that is not UTF-8 is shown with U+FFFD, and cannot be asked for.
    pub name: String,
    /// Relative to the workspace's root.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// In bytes; only of a regular file.
    pub size: Option<u64>,
    /// When it was last written.
    pub modified_at: Option<Timestamp>,
}

/// What a folder holds, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileList {
    /// The folder, relative to the workspace's root; `.` for the root itself.
    pub path: String,
    /// The first 10,000 names.
    pub items: Vec<FileEntry>,
    /// Whether there are more.
    pub truncated: bool,
}

/// What a file call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileAction {
    /// `PUT …/files/<path>`.
    Write,
    /// `POST …/files/upload`.
    Upload,
    /// `DELETE …/files/<path>`.
    Delete,
}

impl FileAction {
    /// The action's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Upload => "upload",
            Self::Delete => "delete",
        }
    }
}

/// How far a file call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileChangeStatus {
    /// It began; a server that died in the middle leaves it so, and the file may have been changed or not.
    Pending,
    /// It is done.
    Done,
    /// It changed nothing.
    Failed,
}

impl FileChangeStatus {
    /// The status's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// The record of one file call that writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// The record.
    pub id: FileChangeId,
    /// The session.
    pub session_id: SessionId,
    /// The worker.
    pub worker_id: WorkerId,
    /// The API key that asked.
    pub key_id: KeyId,
    /// The session's.
    pub breadcrumbs: Vec<String>,
    /// What was asked.
    pub action: FileAction,
    /// Relative to the workspace's root.
    pub path: String,
    /// How many bytes were written.
    pub bytes: Option<i64>,
    /// How far it came.
    pub status: FileChangeStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it was over.
    pub completed_at: Option<Timestamp>,
}
