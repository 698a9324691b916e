//! The worker as a person writes it: its checks with every fault at once, its canonical form and hash, and the worker file. No I/O.

mod canonical;
mod draft;
mod file;
mod merge;
mod read;
mod warnings;

pub use canonical::{canonical_json, hash};
pub use draft::{Door, Draft, RuntimeRef, from_api};
pub use file::{FileFault, parse_file};
pub use merge::merge;
pub use read::{branch_fault, nearest, repository_url_fault};
pub use warnings::warnings;

use vwm_api::CliType;

/// Whether this build has an adapter for an engine; a test in `vwm-harness` holds it against the adapters.
#[must_use]
pub fn is_supported(engine: CliType) -> bool {
    match engine {
        CliType::ClaudeCode | CliType::Acp => true,
        CliType::Codex | CliType::Gemini | CliType::Opencode | CliType::Command => false,
    }
}

/// How long a session may have a job when a worker names no timeout, in seconds.
pub const DEFAULT_TIMEOUT: u32 = 3600;

/// The base branch of a repository that names none.
pub const DEFAULT_BRANCH: &str = "main";

/// The runtime of a worker file that names none.
pub const DEFAULT_RUNTIME: &str = "local";
