//! The folder of one demo.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use crate::error::CliError;

/// How often it is tried to remove the folder, and what is between two tries.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Removes a demo's folder, as far as that can be done.
pub(super) async fn remove(folder: &Path) {
    // A git that was stopped in the middle may have a child that writes its last.
    for _ in 0..TRIES {
        if std::fs::remove_dir_all(folder).is_ok() {
            break;
        }
        sleep(PAUSE).await;
    }
}

/// A folder of its own, so that a demo is in nobody's way.
pub(super) enum Ground {
    /// It goes away with the demo.
    Passing(tempfile::TempDir),
    /// It stays.
    Kept(PathBuf),
}

impl Ground {
    /// Makes one: below a folder of the user's, or where temporary things are.
    pub(super) fn make(below: Option<&Path>) -> Result<Self, CliError> {
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix("vwm-demo-");
        let Some(below) = below else {
            let made = folder.tempdir();
            return made
                .map(Self::Passing)
                .map_err(CliError::system(
                    "cannot make a temporary folder; set TMPDIR to a folder that you can write, or name one with --dir",
                ));
        };
        let made = std::fs::create_dir_all(below)
            .and_then(|()| below.canonicalize())
            .and_then(|below| folder.tempdir_in(below));
        made.map(|folder| Self::Kept(folder.keep()))
            .map_err(CliError::system(format!(
                "cannot make a folder below {}",
                below.display()
            )))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Passing(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }

    /// Whether it stays.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// Leaves it, and returns where it is, if it stays.
    pub(super) async fn leave(self) -> Result<Option<PathBuf>, CliError> {
        match self {
            Self::Kept(folder) => Ok(Some(folder)),
            Self::Passing(folder) => {
                remove(folder.path()).await;
                let path = folder.path().display().to_string();
                match folder.close() {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        Err(CliError::system(format!("cannot remove {path}"))(error))
                    }
                    Ok(()) | Err(_) => Ok(None),
                }
            }
        }
    }
}
