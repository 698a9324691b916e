//! `cargo xtask bench`: builds what is measured, then measures it.

use anyhow::Result;

use crate::postgres::Postgres;
use crate::step::{command, execute, root, step};

const MEND: &str = "mend what the compiler names";

/// Builds the programs and runs the benchmarks; what they print is theirs alone on standard output.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    step("build", || {
        execute(
            &mut command("cargo build --release --package vwm --package vwm-bench"),
            MEND,
        )
    })?;
    if needs_dist(arguments) {
        step("build of what is shipped", || {
            let build = "cargo build --profile dist --package vwm --package vwm-harness";
            execute(&mut command(build), MEND)
        })?;
    }
    let program = root().join("target/release/vwm-bench");
    let mut bench = std::process::Command::new(program);
    bench.args(arguments);
    let postgres = needs_postgres(arguments).then(|| step("PostgreSQL", Postgres::start_durable));
    match &postgres {
        Some(Ok(postgres)) => {
            bench.args(["--postgres", &postgres.url]);
        }
        Some(Err(error)) => eprintln!("SQLite alone is measured: {error:#}"),
        None => {}
    }
    execute(&mut bench, "the message above says why")
}

/// Unless one is named, or nothing is measured.
fn needs_postgres(arguments: &[String]) -> bool {
    let others = ["--postgres", "--help", "-h"];
    !arguments.iter().any(|argument| {
        let name = argument.split('=').next().unwrap_or_default();
        others.contains(&name)
    })
}

/// Only M8 looks at the programs that are shipped, and their build takes minutes; a quick run takes those that are there.
fn needs_dist(arguments: &[String]) -> bool {
    let mut only = false;
    let mut names_m8 = false;
    for argument in arguments {
        match argument.as_str() {
            "--quick" | "--help" | "-h" => return false,
            "--only" => only = true,
            other => {
                only |= other.starts_with("--only=");
                names_m8 |= other.contains("m8");
            }
        }
    }
    !only || names_m8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_built_only_where_it_is_measured() {
        let needs = |line: &str| {
            let arguments: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            needs_dist(&arguments)
        };
        let answers = [
            "",
            "--quick",
            "--only m1,m4",
            "--only=m1,m8",
            "--out x.json",
        ]
        .map(needs);
        assert_eq!(answers, [true, false, false, true, true]);
    }
}
