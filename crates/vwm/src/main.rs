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
    vwm_failpoints::start();
    let cli = Cli::parse();
    let result = commands::run(cli).and_then(|code| output::stdout::check().map(|()| code));
    match result {
        Ok(code) => code,
        Err(error) => {
            output::table::aside(error.told());
            ExitCode::from(error.exit_code())
        }
    }
}
