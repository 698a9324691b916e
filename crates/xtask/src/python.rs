//! What is written in Python: a virtual environment below `target/`, made from pinned requirements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{command, execute, root};

const REQUIREMENTS: &str = "tests/python/requirements.txt";

/// A virtual environment that has what the requirements say.
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// Makes the environment, or takes the one that is there if the requirements are still those it was made from.
    pub(crate) fn prepare() -> Result<Self> {
        let wanted = fs::read(root().join(REQUIREMENTS))
            .with_context(|| format!("cannot read {REQUIREMENTS}"))?;
        let folder = root().join("target/python");
        let python = Self { folder };
        // Written last: an environment without it is half made.
        let made_from = python.folder.join("made-from.txt");
        if fs::read(&made_from).is_ok_and(|made| made == wanted) {
            return Ok(python);
        }
        let advice = "python3 needs its venv module (Debian and Ubuntu: `sudo apt-get install python3-venv`)";
        execute(
            command("python3 -m venv --clear").arg(&python.folder),
            advice,
        )?;
        let install = "install --quiet --disable-pip-version-check --no-input --requirement";
        execute(
            python
                .program("pip")
                .args(install.split(' '))
                .arg(REQUIREMENTS),
            "look after the network, or after what pip says above",
        )?;
        fs::write(made_from, wanted).context("cannot note what the environment was made from")?;
        Ok(python)
    }

    /// A program of the environment, in the workspace's root.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = command(&self.path(name).to_string_lossy());
        // Nothing of it is left beside the sources.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(&self.folder).join("bin").join(name)
    }
}
