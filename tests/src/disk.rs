//! A disk that can be full: a small file system of its own.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Enough for a small repository.
const SIZE: u64 = 512 << 10;

/// A mounted disk; dropping it takes it away.
pub struct Disk {
    path: PathBuf,
    /// The folder that it is on, where that is its own.
    _folder: Option<TempDir>,
}

impl Disk {
    pub(crate) fn mount() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = Self::at(folder.path(), SIZE);
        disk._folder = Some(folder);
        disk
    }

    /// Mounts one of that many bytes on a folder.
    #[must_use]
    pub fn at(folder: &Path, bytes: u64) -> Self {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(folder)
            .output()
            .expect("there is mount");
        assert!(
            mounted.status.success(),
            "a full disk needs a file system of its own; run this test as root, who may mount: {}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self {
            path: folder.to_owned(),
            _folder: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many of its bytes nobody uses.
    #[must_use]
    pub fn unused(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.path).expect("it is mounted");
        stat.f_bfree * stat.f_frsize
    }

    /// Leaves no space on it.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("makes a file");
        while filler.write_all(&[1; 512]).is_ok() {}
    }

    /// Makes room on it again.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("it was full");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still stands in it does not keep it; the folder goes afterwards.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
    }
}
