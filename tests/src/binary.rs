//! The program under test, built from what stands here now.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::config;

/// The `vwm` program; the first caller builds it.
pub fn vwm() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| config::binary().unwrap_or_else(build))
}

/// An engine that is the scripted agent without a script: prompts bring their own.
#[must_use]
pub fn scripted_agent() -> Value {
    json!({"command": vwm(), "args": ["scripted", "agent"]})
}

fn build() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "vwm", "--bin", "vwm"])
        .args(["--features", "failpoints"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo starts");
    assert!(status.success(), "vwm does not build");
    // A test's own program is target/debug/deps/it-…; the one under test stands two folders above it.
    let own = std::env::current_exe().expect("a test has a program");
    let binary = own
        .ancestors()
        .nth(2)
        .expect("programs stand in target/<profile>/deps")
        .join("vwm");
    assert!(
        binary.exists(),
        "{} was not built; run `cargo xtask test`",
        binary.display()
    );
    binary
}
