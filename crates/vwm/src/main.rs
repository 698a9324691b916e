//! One binary: the server, the harness beside each engine, and the command line.

mod cli;
mod commands;
mod config;
mod connect;
mod engines;
mod error;
mod output;
mod sitting;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    // What stands between harness and engine is this same program: single-threaded, before anything else.
    if let Some(code) = vwm_harness::supervisor::dispatch() {
        return code;
    }
    let cli = Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", error.told());
            ExitCode::from(error.exit_code())
        }
    }
}
