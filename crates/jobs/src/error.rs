//! What can go wrong with a job, by what a caller can do about it.

use std::io;
use std::path::PathBuf;

/// Why a job could not be made, seen or removed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The harness's program would not start.
    #[error("cannot start the harness {program}; is the file still there and executable?")]
    Start {
        /// What was to be started.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something in the volume's folder could not be read or written.
    #[error("cannot use {path}; is the disk full, or does the folder belong to somebody else?")]
    Volume {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The program that pushes from a bundle gave no answer.
    #[error(
        "the program that pushes {branch} gave no answer: {why}; see the server's log, and try again"
    )]
    Push {
        /// The branch.
        branch: String,
        /// What it did instead.
        why: String,
    },
    /// A process of the job would not end.
    #[error("process {pid} of an older job does not end; it still holds {path}")]
    Stuck {
        /// The process.
        pid: u32,
        /// The lock that it holds.
        path: PathBuf,
    },
}

impl JobError {
    pub(crate) fn volume(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Volume { path, source }
    }
}
