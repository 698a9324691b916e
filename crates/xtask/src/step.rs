//! One step of a task: a command that is announced, timed, and explained when it fails.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The root of the workspace that this program was built from.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("the crate is two folders below the root")
}

/// Does something under a heading and says how long it took.
pub(crate) fn step<T>(heading: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("== {heading}");
    let start = Instant::now();
    let result = work();
    let verdict = if result.is_ok() { "done" } else { "failed" };
    eprintln!(
        "== {heading}: {verdict} in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    result
}

/// A command in the workspace's root, as a person would type it; the words of the arguments must have no spaces.
pub(crate) fn command(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a command to its end; `advice` is what to do when it fails.
pub(crate) fn execute(command: &mut Command, advice: &str) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot start {name}: {advice}"))?;
    if !status.success() {
        bail!("{name} failed ({status}): {advice}");
    }
    Ok(())
}

/// Runs a command and returns what it printed.
pub(crate) fn output(command: &mut Command, advice: &str) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {name}: {advice}"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): {advice}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed what is no text"))
}

/// Whether a command can be started and succeeds, such as `npm --version`.
pub(crate) fn answers(line: &str) -> Result<bool> {
    let status = command(line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot start `{line}`")),
    }
}
