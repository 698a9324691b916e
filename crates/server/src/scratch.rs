//! Where a push works: a folder per session in the data directory, private, and gone when the push is over or the server starts anew.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tracing::warn;
use vwm_api::SessionId;

use crate::start_error::StartError;

/// A session's folder. The promise: one session has one at a time, and it goes away with the value.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Removes what a server that was killed left behind.
    pub(crate) fn clear(data_dir: &Path) -> Result<(), StartError> {
        let root = root(data_dir);
        match fs::remove_dir_all(&root) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StartError::DataDir { path: root, source })
            }
            _ => Ok(()),
        }
    }

    /// Makes the session's folder; none when it has one already.
    pub(crate) fn take(data_dir: &Path, session: SessionId) -> io::Result<Option<Self>> {
        let root = root(data_dir);
        private().recursive(true).create(&root)?;
        let path = root.join(session.to_string());
        match private().create(&path) {
            Ok(()) => Ok(Some(Self { path })),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes an empty folder in it.
    pub(crate) fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        private().create(&path)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            let path = self.path.display();
            warn!(%error, %path, "Folder of a push cannot be removed; the next start tries again");
        }
    }
}

fn root(data_dir: &Path) -> PathBuf {
    data_dir.join("push")
}

fn private() -> DirBuilder {
    let mut folder = DirBuilder::new();
    folder.mode(0o700);
    folder
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_session_has_one_folder_at_a_time_and_it_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (SessionId::new(), SessionId::new());
        let take = |session| Scratch::take(dir.path(), session).unwrap();
        let scratch = take(one).expect("nobody has it");
        let work = scratch.folder("work").unwrap();
        fs::write(work.join("bundle"), "x").unwrap();
        let mode = fs::metadata(&scratch.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(take(one).is_none());
        assert!(take(other).is_some());
        drop(scratch);
        assert!(!work.exists());
        assert!(take(one).is_some());
    }

    #[test]
    fn what_was_left_is_gone_after_a_start() {
        let dir = tempfile::tempdir().unwrap();
        Scratch::clear(dir.path()).unwrap();
        let session = SessionId::new();
        let scratch = Scratch::take(dir.path(), session).unwrap().unwrap();
        // As a server that is killed leaves it.
        std::mem::forget(scratch);
        Scratch::clear(dir.path()).unwrap();
        assert!(Scratch::take(dir.path(), session).unwrap().is_some());
    }
}
