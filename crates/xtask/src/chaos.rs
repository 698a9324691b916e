//! `cargo xtask chaos`: builds what it needs, and lets chaos loose on a server of its own; the last line on standard output is the
//! summary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::packages;
use crate::postgres::Postgres;
use crate::step::{command, execute, root, step};
use crate::test::Database;

/// How many seconds a run takes that is one test among many.
const SHORT: u64 = 30;

/// What a person may choose.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// How long things are done and killed; looking at what came of it takes some seconds more.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    minutes: u64,
    /// Likewise, in seconds.
    #[arg(long, value_name = "COUNT", conflicts_with = "minutes")]
    seconds: Option<u64>,
    /// What all is chosen from; the same one chooses the same.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Where the server remembers things; a PostgreSQL is started for it, and stopped now and then.
    #[arg(long, value_name = "DATABASE", default_value = "sqlite")]
    database: Database,
    /// How many sessions live at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 24)]
    sessions: usize,
    /// Uses the release program.
    #[arg(long)]
    release: bool,
    /// Prints what the seed means, and does nothing.
    #[arg(long)]
    explain: bool,
}

/// Builds, and runs chaos.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    step("packages", packages::install_missing)?;
    let programs = step("build", || build(arguments.release))?;
    run_with(&programs, arguments)
}

/// A run for `cargo xtask test`, with the debug programs, which are built already.
pub(crate) fn short(database: Database) -> Result<()> {
    let arguments = Arguments {
        minutes: 0,
        seconds: Some(SHORT),
        seed: 1,
        database,
        sessions: 12,
        release: false,
        explain: false,
    };
    run_with(&root().join("target/debug"), &arguments)
}

fn run_with(programs: &Path, arguments: &Arguments) -> Result<()> {
    let mut chaos = Command::new(programs.join("vwm-chaos"));
    let seconds = arguments.seconds.unwrap_or(arguments.minutes * 60);
    chaos
        .arg("--program")
        .arg(programs.join("vwm"))
        .args(["--seconds", &seconds.to_string()])
        .args(["--seed", &arguments.seed.to_string()])
        .args(["--sessions", &arguments.sessions.to_string()]);
    if arguments.explain {
        chaos.arg("--explain");
    }
    let _postgres = match arguments.database {
        Database::Sqlite => None,
        Database::Postgres => {
            let postgres = Postgres::start()?;
            let [stop, start] = postgres.outage();
            chaos.args(["--database-url", &postgres.url]);
            chaos.args(["--database-stop", &stop, "--database-start", &start]);
            Some(postgres)
        }
    };
    execute(
        &mut chaos,
        "each violation stands above; the same seed chooses the same again",
    )
}

/// The folder of the programs.
fn build(release: bool) -> Result<PathBuf> {
    let (flag, folder) = if release {
        (" --release", "release")
    } else {
        ("", "debug")
    };
    let line = format!("cargo build{flag} --package vwm --package vwm-tests --bins");
    execute(&mut command(&line), "mend what the compiler names")?;
    Ok(root().join("target").join(folder))
}
