//! A session's folder: where everything of it lies, and who serves it just now.

use std::path::PathBuf;

use crate::SessionId;
use serde::{Deserialize, Serialize};

/// The folders and files of one volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumePaths {
    /// The volume itself.
    pub root: PathBuf,
}

impl VolumePaths {
    /// The paths below a volume's root.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The engine's working directory.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// The knowledge base's real folder.
    #[must_use]
    pub fn knowledge_base(&self) -> PathBuf {
        self.root.join("kb")
    }

    /// The engines' own state.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The session's TMPDIR.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The harness's own folder; nothing that the engine can reach.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Held by the harness for life.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state().join("lock")
    }

    /// Held by every supervisor for life; the next generation starts no engine before it is free.
    #[must_use]
    pub fn engines_lock(&self) -> PathBuf {
        self.state().join("engines.lock")
    }

    /// Who holds the lock and listens.
    #[must_use]
    pub fn job_file(&self) -> PathBuf {
        self.state().join("job.json")
    }

    /// What the harness and its supervisors complain about.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state().join("harness.log")
    }
}

/// What a harness writes once it holds the lock and listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobFile {
    /// The session.
    pub session: SessionId,
    /// The job's number.
    pub generation: i64,
    /// The harness.
    pub pid: u32,
    /// In clock ticks since boot, so that a pid that was given to somebody else is told apart.
    pub start_time: u64,
}

/// When a process started, in clock ticks since boot, from the text of its `/proc/<pid>/stat`; none for a zombie.
#[must_use]
pub fn start_time(stat: &str) -> Option<u64> {
    // The name stands in parentheses and may hold any character; fields are counted after the last one.
    let after = stat.get(stat.rfind(')')? + 2..)?;
    let mut fields = after.split(' ');
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_confuses_nobody() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 8123 2 3 4";
        assert_eq!(start_time(stat), Some(8123));
        assert_eq!(start_time(&stat.replace(" S ", " Z ")), None);
        assert_eq!(start_time("7"), None);
    }
}
