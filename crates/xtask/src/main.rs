//! What the project asks of a change, as two commands: `cargo xtask check` and `cargo xtask test`.

mod check;
mod features;
mod packages;
mod rules;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks and tests the whole workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Format, lints, docs, dependencies and the house rules. Installs cargo-deny where it is missing.
    Check,
    /// Every test. Installs git, npm and the engines where they are missing (system packages only as root).
    Test,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Check => check::run(),
        Task::Test => test::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
