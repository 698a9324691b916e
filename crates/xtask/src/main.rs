//! What is more than one cargo command: `cargo xtask check`, `test`, `postgres`, `fuzz-api`, `chaos` and `bench`.

mod bench;
mod chaos;
mod check;
mod clients;
mod failpoints;
mod features;
mod fuzz;
mod packages;
mod postgres;
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
    /// Every test, on SQLite and on PostgreSQL, which it starts by itself. Installs git, curl, jq, npm, Python's venv, PostgreSQL and the
    /// engines where they are missing (system packages only as root).
    Test {
        /// Only what this database can change.
        #[arg(long)]
        database: Option<test::Database>,
    },
    /// Runs a PostgreSQL for single tests until Ctrl-C, and prints the line that tells them where it is.
    Postgres,
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
    /// Kills server, harnesses and engines at random while dozens of sessions work; the last line on standard output is the summary.
    Chaos(chaos::Arguments),
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
        Task::Test { database } => test::run(database),
        Task::Postgres => test::postgres(),
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
        Task::Chaos(arguments) => chaos::run(&arguments),
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
