//! What is more than one cargo command: `cargo xtask check`, `cargo xtask test` and `cargo xtask bench`.

mod bench;
mod check;
mod features;
mod packages;
mod rules;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Checks, tests and measures the whole workspace"
)]
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
    /// Measures VWM beside the machine's floors and sandbox-agent; JSON on standard output.
    #[command(disable_help_flag = true)]
    Bench {
        /// As `--help` says.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Check => check::run(),
        Task::Test => test::run(),
        Task::Bench { arguments } => bench::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
