//! The harness as a program of its own, for images: it runs beside the engine.

use std::process::ExitCode;

use clap::Parser;
use vwm_harness::HarnessArgs;

/// Runs one session's engine: prepares its workspace, journals what happens
#[derive(Parser)]
#[command(name = "vwm-harness", version)]
enum Command {
    /// Serve one session's volume
    Harness(HarnessArgs),
}

fn main() -> ExitCode {
    if let Some(code) = vwm_harness::supervisor::dispatch() {
        return code;
    }
    let Command::Harness(args) = Command::parse();
    vwm_harness::run(&args)
}
