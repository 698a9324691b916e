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
    /// Push a branch from its bundle, as standard input says
    #[command(hide = true)]
    PushBundle,
}

fn main() -> ExitCode {
    if let Some(code) = vwm_harness::supervisor::dispatch() {
        return code;
    }
    vwm_failpoints::start();
    match Command::parse() {
        Command::Harness(args) => vwm_harness::run(&args),
        Command::PushBundle => vwm_harness::push_bundle(),
    }
}
