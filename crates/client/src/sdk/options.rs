//! What a session is started with, and what a turn is asked with.

use std::time::Duration;

use bytes::Bytes;
use vwm_api::{Approvals, NewSession, OnBusy, Prompt, Repository, SubsessionId, WorkerId};

/// A file of a workspace, as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceFile {
    /// Relative to the workspace's root.
    pub path: String,
    /// What it holds.
    pub content: Bytes,
}

impl WorkspaceFile {
    /// A file.
    pub fn new(path: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            path: path.into(),
            content: content.into(),
        }
    }
}

/// How a session is started. What is left empty is taken from the worker's own options, and then from the worker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionOptions {
    /// The project that is cloned into the workspace.
    pub repository: Option<Repository>,
    /// How long the session may have a job.
    pub timeout: Option<Duration>,
    /// Whether a branch that holds nothing new is taken away at the end.
    pub auto_delete_branch: Option<bool>,
    /// Stricter approvals than the worker's.
    pub approvals: Option<Approvals>,
    /// Written as soon as the session is active.
    pub initial_files: Vec<WorkspaceFile>,
    /// For finding it again.
    pub breadcrumbs: Vec<String>,
}

impl SessionOptions {
    /// These, and for what they leave empty those.
    pub(super) fn or(self, defaults: &Self) -> Self {
        let or = |mine: Vec<String>, theirs: &[String]| {
            if mine.is_empty() {
                theirs.to_vec()
            } else {
                mine
            }
        };
        Self {
            repository: self.repository.or_else(|| defaults.repository.clone()),
            timeout: self.timeout.or(defaults.timeout),
            auto_delete_branch: self.auto_delete_branch.or(defaults.auto_delete_branch),
            approvals: self.approvals.or_else(|| defaults.approvals.clone()),
            initial_files: if self.initial_files.is_empty() {
                defaults.initial_files.clone()
            } else {
                self.initial_files
            },
            breadcrumbs: or(self.breadcrumbs, &defaults.breadcrumbs),
        }
    }

    pub(super) fn new_session(&self, worker: WorkerId) -> NewSession {
        NewSession {
            worker_id: Some(worker),
            worker_name: None,
            repository: self.repository.clone(),
            breadcrumbs: self.breadcrumbs.clone(),
            timeout: self.timeout.map(seconds),
            auto_delete_branch: self.auto_delete_branch.unwrap_or_default(),
            approvals: self.approvals.clone(),
        }
    }
}

/// What a turn is asked with. A text alone is a prompt: `session.execute_prompt("hello")`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TurnArgs {
    /// What the worker is asked.
    pub prompt: String,
    /// How long the turn may take, from its start.
    pub timeout: Option<Duration>,
    /// For finding it again.
    pub breadcrumbs: Vec<String>,
    /// Which conversation; the session's main one unless set.
    pub subsession_id: Option<SubsessionId>,
    /// Written before the prompt is sent.
    pub input_files: Vec<WorkspaceFile>,
    /// Fetched when the turn is complete.
    pub output_file_paths: Vec<String>,
}

impl TurnArgs {
    /// A prompt and nothing else.
    pub fn new(prompt: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            ..Self::default()
        }
    }

    pub(super) fn to_prompt(&self) -> Prompt {
        Prompt {
            prompt: self.prompt.clone(),
            subsession_id: self.subsession_id,
            timeout: self.timeout.map(seconds),
            breadcrumbs: self.breadcrumbs.clone(),
            on_busy: OnBusy::Queue,
        }
    }
}

impl From<&str> for TurnArgs {
    fn from(prompt: &str) -> Self {
        Self::new(prompt)
    }
}

impl From<String> for TurnArgs {
    fn from(prompt: String) -> Self {
        Self::new(prompt)
    }
}

/// Whole seconds, rather one more than one less.
fn seconds(duration: Duration) -> u32 {
    let more = u64::from(duration.subsec_nanos() > 0);
    u32::try_from(duration.as_secs().saturating_add(more)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_session_leaves_empty_is_the_workers() {
        let defaults = SessionOptions {
            timeout: Some(Duration::from_millis(1500)),
            auto_delete_branch: Some(true),
            initial_files: vec![WorkspaceFile::new("a", "1")],
            breadcrumbs: vec!["default".into()],
            ..SessionOptions::default()
        };
        let given = SessionOptions {
            auto_delete_branch: Some(false),
            breadcrumbs: vec!["mine".into()],
            ..SessionOptions::default()
        };
        let both = given.or(&defaults);
        assert_eq!(both.initial_files, defaults.initial_files);
        let worker = WorkerId::new();
        let expected = NewSession {
            worker_id: Some(worker),
            timeout: Some(2),
            breadcrumbs: vec!["mine".into()],
            ..NewSession::default()
        };
        assert_eq!(both.new_session(worker), expected);
    }
}
