//! `cargo xtask check`: what a tool can say about a change before a person looks at it.

use anyhow::Result;

use crate::step::{answers, command, execute, root, step};
use crate::{features, rules};

const DENY_VERSION: &str = "0.20.2";

/// Runs every check and stops at the first that fails.
pub(crate) fn run() -> Result<()> {
    step("tools", install_tools)?;
    step("house rules", || rules::check(root()))?;
    step("features", || features::check(root()))?;
    step("format", || {
        execute(
            &mut command("cargo fmt --all --check"),
            "run `cargo fmt --all` and look at what it changed",
        )
    })?;
    step("clippy", || {
        execute(
            &mut command("cargo clippy --workspace --all-targets -- -D warnings"),
            "mend what clippy names; where it is wrong, `#[expect(lint, reason = \"…\")]`",
        )
    })?;
    step("docs", || {
        execute(
            command("cargo doc --no-deps --workspace").env("RUSTDOCFLAGS", "-Dwarnings"),
            "mend the doc comments that rustdoc names",
        )
    })?;
    step("dependencies", || {
        // Advisories need a database from the network and change without us; the rest is decided by this tree alone.
        execute(
            &mut command("cargo deny --all-features check bans licenses sources"),
            "choose another dependency, or change deny.toml and say why",
        )
    })
}

fn install_tools() -> Result<()> {
    if !answers("cargo fmt --version")? || !answers("cargo clippy --version")? {
        execute(
            &mut command("rustup component add rustfmt clippy"),
            "install rustfmt and clippy for this Rust, as its packager says",
        )?;
    }
    if !answers("cargo deny --version")? {
        execute(
            &mut command(&format!(
                "cargo install cargo-deny --version {DENY_VERSION} --locked"
            )),
            "cargo-deny is missing; install it by hand, or look after the network",
        )?;
    }
    Ok(())
}
