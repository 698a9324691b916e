//! Engine processes, and everything else that runs in the session's wall: started, watched and killed through the supervisor.

mod error;
mod host;
mod running;
mod serving;
mod short;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use error::ProcessError;
pub use host::Host;
pub use running::Process;
pub use short::{Limits, Output};

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// An absolute path.
    pub program: PathBuf,
    /// Its arguments; never a prompt, never a secret.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Its working directory.
    pub cwd: PathBuf,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// How many other processes it left behind, which were killed.
    pub leftovers: u32,
}
