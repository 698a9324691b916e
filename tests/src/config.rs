//! What the tests take from their environment; everything else is made by them.

use std::path::PathBuf;

use vwm_store::testing::{self, ScratchDatabase};

/// A program that is built already, for a user who cannot build.
pub(crate) fn binary() -> Option<PathBuf> {
    variable("VWM_TEST_BINARY").map(PathBuf::from)
}

/// Where the engines are installed.
pub(crate) fn engines_dir() -> PathBuf {
    variable("VWM_ENGINES_DIR").map_or_else(|| data_home().join("vwm/engines"), PathBuf::from)
}

/// The database of a test's own where all of them run on PostgreSQL; none for SQLite.
pub(crate) async fn database() -> Option<ScratchDatabase> {
    match variable("VWM_TEST_DATABASE").as_deref() {
        None | Some("sqlite") => None,
        Some("postgres") => Some(scratch_database().await),
        Some(other) => panic!("VWM_TEST_DATABASE is {other:?}; set it to postgres, or not at all"),
    }
}

/// A PostgreSQL database for one test.
pub async fn scratch_database() -> ScratchDatabase {
    ScratchDatabase::new(variable(testing::VARIABLE)).await
}

fn data_home() -> PathBuf {
    let home = || PathBuf::from(variable("HOME").unwrap_or_default()).join(".local/share");
    variable("XDG_DATA_HOME").map_or_else(home, PathBuf::from)
}

#[allow(clippy::disallowed_methods, reason = "this is the tests' config.rs")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
