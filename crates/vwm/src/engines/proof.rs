//! Proves that an engine runs here: it says its version, with nothing of ours in its environment.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use vwm_harness::adapters::Install;

use crate::error::CliError;

const LIMIT: Duration = Duration::from_secs(60);

/// Starts the program below `folder` and compares what it says.
pub(crate) async fn runs(install: &Install, folder: &Path) -> Result<(), CliError> {
    let home = tempfile::tempdir().map_err(CliError::system("cannot make a temporary folder"))?;
    let program = folder.join(install.program);
    let said = Command::new(&program)
        .args(install.version_args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let name = format!("{} {}", install.package, install.version);
    let said = match tokio::time::timeout(LIMIT, said).await {
        Ok(said) => said.map_err(CliError::system(format!(
            "cannot start {name}; is there a build of it for this machine?"
        )))?,
        Err(_) => {
            return Err(CliError::failed(
                format!(
                    "{name} did not say its version within {} s",
                    LIMIT.as_secs()
                ),
                "try again with --force when the machine is less busy",
            ));
        }
    };
    let out = String::from_utf8_lossy(&said.stdout);
    if said.status.success() && out.trim_end() == install.version_output {
        return Ok(());
    }
    let err = String::from_utf8_lossy(&said.stderr);
    Err(CliError::failed(
        format!(
            "{name} does not run here ({}): it said {:?} instead of {:?}\n  {}",
            said.status,
            out.trim(),
            install.version_output,
            err.trim()
        ),
        "what npm brought is removed again; is there a build of it for this machine?",
    ))
}
