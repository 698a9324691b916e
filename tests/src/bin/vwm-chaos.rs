//! Runs chaos against a built vwm; `cargo xtask chaos` builds what it needs. The last line on standard output is the summary.

use std::process::ExitCode;

use clap::Parser;
use vwm_tests::chaos::{Plan, run};

#[derive(Parser)]
#[command(
    about = "Kills server, harnesses and engines while sessions work, and looks at what comes of it"
)]
struct Arguments {
    #[command(flatten)]
    plan: Plan,
    /// Prints what the seed means, and does nothing
    #[arg(long)]
    explain: bool,
}

fn main() -> ExitCode {
    let Arguments { plan, explain } = Arguments::parse();
    if explain {
        print!("{}", plan.explain());
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no threads can be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(plan)) {
        Ok(verdict) => {
            for violation in &verdict.violations {
                println!("{violation}");
            }
            if let Some(kept) = &verdict.kept {
                println!("everything lies in {}", kept.display());
            }
            println!("{}", verdict.summary);
            match verdict.violations.is_empty() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
