//! Why a file call was not done: what happened, about the path as the client gave it.

use crate::workspace::Obstacle;

/// Why a file call is refused or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It names nothing.
    #[error("the path is missing; name a file of the workspace")]
    NoPath,
    /// It is no path that can be used, or what stands there is no file.
    #[error("{path} {why}")]
    Refused {
        /// As it was given.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is closed to clients.
    #[error("{path}: {why}")]
    Forbidden {
        /// As it was given.
        path: String,
        /// What is closed.
        why: &'static str,
    },
    /// Nothing is there.
    #[error("{path} is not there")]
    NotThere {
        /// As it was given.
        path: String,
    },
    /// There is no workspace yet, or its repositories are just being made.
    #[error("{what} is not prepared yet; ask again once the session is active")]
    NotPrepared {
        /// Which part of it.
        what: &'static str,
    },
    /// What is in the workspace is being brought out.
    #[error("the session is ending")]
    Ending,
    /// A program in the workspace holds it.
    #[error("{path} is held by a program of the session; ask again in a moment")]
    Held {
        /// As it was given.
        path: String,
    },
    /// There is more than was allowed.
    #[error("{path} was not written: it has more than {max} bytes")]
    TooLarge {
        /// As it was given.
        path: String,
        /// The most that is taken.
        max: u64,
    },
    /// Nothing came for long.
    #[error("{path} was not written: nothing more of it came for {seconds} s")]
    Idle {
        /// As it was given.
        path: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The rest of it never came.
    #[error("{path} was not written: its rest never came")]
    CutOff {
        /// As it was given.
        path: String,
    },
    /// There is no space.
    #[error("{path} was not written: the disk of the session is full")]
    Full {
        /// As it was given.
        path: String,
    },
    /// The disk fails.
    #[error("{path} cannot be used: the session's disk has an error")]
    Disk {
        /// As it was given.
        path: String,
        /// What it says, for the log.
        source: std::io::Error,
    },
}

impl FileError {
    /// What an obstacle means to whoever gave this path.
    pub(super) fn at(path: &str, obstacle: Obstacle) -> Self {
        let path = path.to_owned();
        match obstacle {
            Obstacle::NotThere => Self::NotThere { path },
            Obstacle::Held => Self::Held { path },
            Obstacle::Full => Self::Full { path },
            Obstacle::Disk(source) => Self::Disk { path, source },
            other => Self::Refused {
                path,
                why: other.to_string(),
            },
        }
    }
}
