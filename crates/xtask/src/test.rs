//! `cargo xtask test`: everything from an empty machine to the last test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::fuzz::{self, Plan};
use crate::step::{answers, command, execute, output, step};
use crate::{clients, packages};

/// The tests of `vwm-tests` that must also hold for an ordinary user: the road, and what an agent can reach from there.
const ORDINARY: [&str; 2] = ["road::", "hostile::"];
/// The same calls each time: what chance finds anew belongs to `cargo xtask fuzz-api`.
const SHORT_FUZZ: Plan = Plan {
    max_examples: 10,
    seconds: 60,
    seed: 1,
};
const MEND: &str = "mend the test that failed above";

/// Installs what is missing, builds, and runs every test; quick ones first.
pub(crate) fn run() -> Result<()> {
    step("packages", packages::install_missing)?;
    let built = step("build", build)?;
    step("engines", || install_engines(&built.vwm))?;
    step("unit tests", || {
        execute(&mut command("cargo test --workspace --lib --bins"), MEND)
    })?;
    step("doc tests", || {
        execute(&mut command("cargo test --workspace --doc"), MEND)
    })?;
    step("TypeScript client", || clients::typescript(&built.vwm))?;
    step("generated Python client", || clients::python(&built.vwm))?;
    fuzz::run(&built.vwm, SHORT_FUZZ)?;
    if packages::is_root()? {
        step("integration tests as nobody", || run_as_nobody(&built))?;
    }
    step("integration tests", || {
        execute(&mut command("cargo test --workspace --test *"), MEND)
    })
}

/// Asks a real server all that its document allows and forbids; builds it unless there is one.
pub(crate) fn fuzz(program: Option<PathBuf>, plan: Plan) -> Result<()> {
    step("packages", packages::install_missing)?;
    match program {
        Some(program) => fuzz::run(&program, plan),
        None => fuzz::run(&step("build", build_vwm)?, plan),
    }
}

fn build_vwm() -> Result<PathBuf> {
    let line = "cargo build --package vwm --message-format=json-render-diagnostics";
    let built = output(&mut command(line), "mend what the compiler names")?;
    executable(&built, "vwm", "bin").context("cargo built no vwm; is crates/vwm there?")
}

/// The programs that were built.
struct Built {
    vwm: PathBuf,
    integration: PathBuf,
}

fn build() -> Result<Built> {
    let lines = "cargo test --workspace --no-run --message-format=json-render-diagnostics";
    execute(
        &mut command("cargo build --workspace --bins"),
        "mend what the compiler names",
    )?;
    let tests = output(&mut command(lines), "mend what the compiler names")?;
    let integration = executable(&tests, "vwm-tests", "test").context(
        "cargo built no integration test of vwm-tests; is tests/tests/it/main.rs there?",
    )?;
    // target/debug/deps/it-… lies two folders below the programs' parent.
    let debug = integration.parent().and_then(Path::parent);
    let vwm = debug
        .context("cargo's folders are not as expected")?
        .join("vwm");
    Ok(Built { vwm, integration })
}

/// The program that cargo says it built of a kind of target of a package.
fn executable(messages: &str, package: &str, kind: &str) -> Option<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut artifacts = messages.filter(|message| {
        let is_package =
            |id: &str| id.contains(&format!("{package}@")) || id.contains(&format!("/{package}#"));
        message["package_id"].as_str().is_some_and(is_package)
            && message["target"]["kind"][0] == kind
    });
    artifacts.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// The engines that the tests drive, at the versions that `vwm` pins; what is installed is left alone.
fn install_engines(vwm: &Path) -> Result<()> {
    let mut install = Command::new(vwm);
    install.args(["engine", "install", "claude-code"]);
    execute(
        &mut install,
        "look after npm and the network, or point VWM_ENGINES_DIR at a folder that has the engine",
    )
}

/// Runs what must hold without root's rights, from a copy that everybody may read. Engines are found there only through
/// VWM_ENGINES_DIR.
fn run_as_nobody(built: &Built) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("vwm-as-user-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let place = |name: &str| folder.path().join(name);
    for name in ["home", "tmp"] {
        fs::create_dir(place(name)).with_context(|| format!("cannot make {name}"))?;
    }
    let (test, vwm) = (place("it"), place("vwm"));
    fs::copy(&built.integration, &test).context("cannot copy the tests")?;
    fs::copy(&built.vwm, &vwm).context("cannot copy vwm")?;
    let advice = "setpriv and chown belong to util-linux and coreutils";
    let chown = ["-R", "nobody:nogroup"];
    execute(command("chown").args(chown).arg(folder.path()), advice)?;
    let mut as_nobody = match answers("setpriv --version")? {
        true => command("setpriv --reuid nobody --regid nogroup --clear-groups --"),
        false => command("runuser --user nobody --"),
    };
    as_nobody
        .arg(test)
        .args(ORDINARY)
        .current_dir(folder.path());
    as_nobody
        .env("HOME", place("home"))
        .env("TMPDIR", place("tmp"));
    as_nobody.env("VWM_TEST_BINARY", vwm);
    for ours in [
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
    ] {
        as_nobody.env_remove(ours);
    }
    execute(&mut as_nobody, MEND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_binary_is_found_among_cargo_s_messages() {
        let messages = concat!(
            "   Compiling vwm-tests\n",
            r#"{"reason":"compiler-artifact","package_id":"path+file:///w/tests#vwm-tests@0.1.0","target":{"kind":["lib"]},"executable":"/w/target/debug/deps/vwm_tests-1"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"path+file:///w/crates/api#vwm-api@0.1.0","target":{"kind":["test"]},"executable":"/w/target/debug/deps/api-1"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"path+file:///w/tests#vwm-tests@0.1.0","target":{"kind":["test"]},"executable":"/w/target/debug/deps/it-1"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let found = executable(messages, "vwm-tests", "test");
        assert_eq!(
            found.as_deref(),
            Some(Path::new("/w/target/debug/deps/it-1"))
        );
        assert_eq!(executable(messages, "vwm-store", "test"), None);
    }
}
