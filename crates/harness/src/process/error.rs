//! Why something could not be run.

use std::io;
use std::time::Duration;

/// Why something could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program cannot be started, and nothing of it lives.
    #[error("cannot start {program}: {why}")]
    Start {
        /// Its path.
        program: String,
        /// What stands against it, and what to do.
        why: String,
    },
    /// The supervisor itself cannot be started or asked.
    #[error(
        "cannot start {program} under a supervisor; are there too many processes or open files?"
    )]
    Supervisor {
        /// The program that was to be started.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It took too long and was killed with all that it had started.
    #[error("{program} did not end within {} s and was stopped", deadline.as_secs_f32())]
    Deadline {
        /// Its path.
        program: String,
        /// How long it had.
        deadline: Duration,
    },
    /// It said too much and was killed with all that it had started.
    #[error("{program} printed more than {limit} bytes and was stopped")]
    Output {
        /// Its path.
        program: String,
        /// How much it could say.
        limit: usize,
    },
    /// Its output could not be read, and it was killed with all that it had started.
    #[error("cannot read what {program} prints")]
    Read {
        /// Its path.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}
