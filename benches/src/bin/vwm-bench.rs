//! Runs the benchmarks; `cargo xtask bench` builds what it needs.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match vwm_bench::run(&vwm_bench::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
