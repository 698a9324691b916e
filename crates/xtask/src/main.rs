//! What is more than one cargo command: `cargo xtask check`, `test`, `fuzz-api` and `bench`.

mod bench;
mod check;
mod clients;
mod features;
mod fuzz;
mod packages;
mod python;
mod rules;
mod server;
mod step;
mod test;

use std::path::PathBuf;
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
    /// Every test. Installs git, curl, jq, npm, Python's venv and the engines where they are missing (system packages only as root).
    Test,
    /// Asks a real server thousands of good and bad things, about ten minutes long; fails with the curl line of what was answered badly.
    FuzzApi {
        /// How many cases each call gets from chance in a round, beside those that its schema gives.
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        max_examples: u32,
        /// How long all of it may take.
        #[arg(long, value_name = "SECONDS", default_value_t = 600)]
        seconds: u64,
        /// What chance begins with; it is printed.
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
        /// A vwm that is built already.
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
    },
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
        Task::FuzzApi {
            max_examples,
            seconds,
            seed,
            program,
        } => {
            let seed = seed.unwrap_or_else(fuzz::any_seed);
            let plan = fuzz::Plan {
                max_examples,
                seconds,
                seed,
            };
            test::fuzz(program, plan)
        }
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
