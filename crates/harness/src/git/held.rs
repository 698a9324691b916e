//! What a call of git holds as long as it runs, and lets go however it ends: its process group, its credential.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal};
use tokio::process::Child;

use super::GitError;
use super::mirror::beside;
use super::url::Remote;

/// The process group of a git: its helpers must not outlive a call that was given up.
pub(super) struct Group(Option<Pid>);

impl Group {
    /// The group that a child leads.
    pub(super) fn of(child: &Child) -> Self {
        Self(
            child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .and_then(Pid::from_raw),
        )
    }

    /// The leader was waited for, so its number may be somebody else's soon.
    pub(super) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may just have ended by itself.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

/// User and password of an address for as long as one call runs, in a file that only the harness can read.
pub(super) struct Credential(PathBuf);

impl Credential {
    /// Writes it beside the folder that git works in.
    pub(super) fn write(folder: &Path, remote: &Remote) -> Result<Option<Self>, GitError> {
        let Some(with_credential) = &remote.with_credential else {
            return Ok(None);
        };
        let path = beside(folder, &format!("credential-{}", uuid::Uuid::new_v4()));
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            std::io::Write::write_all(&mut file, format!("{with_credential}\n").as_bytes())
        };
        let credential = Self(path.clone());
        write().map_err(GitError::file("hand git its credential"))?;
        Ok(Some(credential))
    }

    /// The setting by which git finds it.
    pub(super) fn helper(&self) -> String {
        format!("store --file={}", quoted(&self.0.to_string_lossy()))
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        // Prepare removes what a crash left.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
