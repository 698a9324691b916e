//! What a confined process may touch.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::system;

/// What stands around a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// No wall, and nothing is taken: a program of the harness's own, watched so that it never outlives the harness.
    Ours,
    /// No wall: only where a person chose so. Capabilities, descriptors and privileges are taken all the same.
    None,
    /// Landlock, with at least the rights and scopes of ABI 6.
    Landlock(Policy),
}

/// What can be touched, and how. The paths of a session are opened without following a link at their end, and one that is
/// missing is an error; those of the system are followed, and skipped where they are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The session's folders: everything but device nodes.
    pub read_write_execute: Vec<PathBuf>,
    /// The session's folders: everything but device nodes and running programs.
    pub read_write: Vec<PathBuf>,
    /// The session's: programs.
    pub read_execute: Vec<PathBuf>,
    /// The session's: files to look at.
    pub read: Vec<PathBuf>,
    /// The system's: programs.
    pub system_read_execute: Vec<PathBuf>,
    /// The system's: files to look at.
    pub system_read: Vec<PathBuf>,
    /// Device nodes to read, write and control.
    pub devices: Vec<PathBuf>,
}

/// The folders and files of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionPaths {
    /// Where the engine works: everything is allowed.
    pub workspace: PathBuf,
    /// The engine's own state: likewise.
    pub home: PathBuf,
    /// Its TMPDIR: likewise.
    pub tmp: PathBuf,
    /// The knowledge base: to be read; its `learnings/`, which must be a real folder, to be written.
    pub knowledge_base: Option<PathBuf>,
    /// Single programs: to be read and run. Links are followed.
    pub programs: Vec<PathBuf>,
    /// Where engines are installed, and what else a person opened: likewise.
    pub folders: Vec<PathBuf>,
}

impl Policy {
    /// The product's policy for a session: its own folders, the system's programs, the network. Whether all is there, and is
    /// what it must be, shows when something is started behind it.
    #[must_use]
    pub fn for_session(paths: &SessionPaths) -> Self {
        let knowledge_base = paths.knowledge_base.iter();
        let programs = paths.programs.iter().chain(&paths.folders);
        Self {
            read_write_execute: vec![
                paths.workspace.clone(),
                paths.home.clone(),
                paths.tmp.clone(),
            ],
            read_write: knowledge_base
                .clone()
                .map(|path| path.join("learnings"))
                .collect(),
            // What is not there keeps its name, so that the wall can say it.
            read_execute: programs
                .map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()))
                .collect(),
            read: knowledge_base.cloned().collect(),
            system_read_execute: owned(system::PROGRAMS),
            system_read: owned(system::FILES),
            devices: owned(system::DEVICES),
        }
    }
}

fn owned(paths: &[&str]) -> Vec<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}
