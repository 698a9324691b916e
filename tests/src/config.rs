//! What the tests take from their environment; everything else is made by them.

use std::path::PathBuf;

/// A program that is built already, for a user who cannot build.
pub(crate) fn binary() -> Option<PathBuf> {
    variable("VWM_TEST_BINARY").map(PathBuf::from)
}

/// Where the engines are installed.
pub(crate) fn engines_dir() -> PathBuf {
    variable("VWM_ENGINES_DIR").map_or_else(|| data_home().join("vwm/engines"), PathBuf::from)
}

fn data_home() -> PathBuf {
    let home = || PathBuf::from(variable("HOME").unwrap_or_default()).join(".local/share");
    variable("XDG_DATA_HOME").map_or_else(home, PathBuf::from)
}

#[allow(clippy::disallowed_methods, reason = "this is the tests' config.rs")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
