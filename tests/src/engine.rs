//! The installed engines that the tests run.

use std::path::PathBuf;

use vwm_api::CliType;
use vwm_harness::adapters;

use crate::config;

/// Claude Code's program; a test that wants it fails where it is not.
pub fn claude_code() -> PathBuf {
    let install = adapters::install(CliType::ClaudeCode).expect("it is on the list");
    let program = config::engines_dir().join(install.path());
    let is_there = program.is_file();
    assert!(
        is_there,
        "Claude Code {} is not at {}: run `cargo xtask test`, which installs it",
        install.version,
        program.display()
    );
    program
}
