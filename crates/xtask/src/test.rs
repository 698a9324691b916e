//! `cargo xtask test`: everything from an empty machine to the last test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::fuzz::{self, Plan};
use crate::postgres::{self, Postgres};
use crate::step::{answers, command, execute, output, root, step};
use crate::{chaos, clients, packages};

/// The tests of `vwm-tests` that must also hold for an ordinary user: the road, and what an agent can reach from there.
const ORDINARY: [&str; 2] = ["road::", "hostile::"];
/// The same calls each time: what chance finds anew belongs to `cargo xtask fuzz-api`.
const SHORT_FUZZ: Plan = Plan {
    max_examples: 10,
    seconds: 60,
    seed: 1,
};
const MEND: &str = "mend the test that failed above";

/// What the integration tests on PostgreSQL leave out: documents, clients' types and help, which no database can change, and what a
/// loss of power does to SQLite's files.
const ON_SQLITE_ALONE: [&str; 4] = ["docs::", "sdk::", "cli::help", "faults::power"];

/// Which database to test with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// Installs what is missing, builds, and runs every test; quick ones first.
pub(crate) fn run(only: Option<Database>) -> Result<()> {
    step("packages", packages::install_missing)?;
    let built = step("build", build)?;
    step("engines", || install_engines(&built.vwm))?;
    match only {
        None => {
            let postgres = step("PostgreSQL", Postgres::start)?;
            without_integration(&built, Some(&postgres))?;
            on_sqlite(Some(&postgres))?;
            on_postgres(&built, &postgres)
        }
        Some(Database::Sqlite) => {
            without_integration(&built, None)?;
            on_sqlite(None)
        }
        Some(Database::Postgres) => {
            let postgres = step("PostgreSQL", Postgres::start)?;
            step("the store on PostgreSQL", || {
                let mut tests = command("cargo test --package vwm-store -- postgres");
                execute(tests.env(postgres::VARIABLE, &postgres.url), MEND)
            })?;
            on_postgres(&built, &postgres)
        }
    }
}

/// Runs a PostgreSQL until it is ended.
pub(crate) fn postgres() -> Result<()> {
    step("packages", packages::install_missing)?;
    let postgres = Postgres::start()?;
    println!("export {}={}", postgres::VARIABLE, postgres.url);
    postgres.wait()
}

fn without_integration(built: &Built, postgres: Option<&Postgres>) -> Result<()> {
    step("unit tests", || {
        execute(
            &mut tests("cargo test --workspace --lib --bins", postgres),
            MEND,
        )
    })?;
    step("doc tests", || {
        execute(&mut command("cargo test --workspace --doc"), MEND)
    })?;
    step("TypeScript client", || clients::typescript(&built.vwm))?;
    step("generated Python client", || clients::python(&built.vwm))?;
    fuzz::run(&built.vwm, SHORT_FUZZ)?;
    if packages::is_root()? {
        step("integration tests as nobody", || run_as_nobody(built))?;
    }
    Ok(())
}

/// The store's tests run on both where there is PostgreSQL.
fn on_sqlite(postgres: Option<&Postgres>) -> Result<()> {
    step("integration tests", || {
        let line = "cargo test --workspace --test *";
        execute(&mut tests(line, postgres), MEND)
    })?;
    step("chaos", || chaos::short(Database::Sqlite))
}

fn on_postgres(built: &Built, postgres: &Postgres) -> Result<()> {
    step("integration tests on PostgreSQL", || {
        let mut tests = Command::new(&built.integration);
        for name in ON_SQLITE_ALONE {
            tests.args(["--skip", name]);
        }
        tests
            .current_dir(root().join("tests"))
            .env("VWM_TEST_DATABASE", "postgres")
            .env(postgres::VARIABLE, &postgres.url);
        execute(&mut tests, MEND)
    })?;
    step("chaos on PostgreSQL", || chaos::short(Database::Postgres))
}

/// Tests that know where PostgreSQL is, or leave out what needs one.
fn tests(line: &str, postgres: Option<&Postgres>) -> Command {
    let mut tests = command(line);
    match postgres {
        Some(postgres) => tests.env(postgres::VARIABLE, &postgres.url),
        None => tests.args(["--", "--skip", "postgres"]),
    };
    tests
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
