//! Looks at everything in a tree.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, OFlags, Stat};

use super::{Kind, Tree, kind_of};

/// What a walk saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// Everything below the root that was not skipped, in the order of the paths.
    pub entries: Vec<Walked>,
    /// Whether there was more: too many entries, too deep for a path, or a folder that may not be read.
    pub is_cut: bool,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// From the root on. It may hold bytes that are not UTF-8; see [`Walked::shown`].
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// In bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// The file's number: another file of the same name has another one.
    pub inode: u64,
}

impl Walked {
    pub(super) fn new(path: PathBuf, stat: &Stat) -> Self {
        let nanoseconds = i64::try_from(stat.st_mtime_nsec).unwrap_or_default();
        Self {
            path,
            kind: kind_of(stat),
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified_ns: stat
                .st_mtime
                .saturating_mul(1_000_000_000)
                .saturating_add(nanoseconds),
            inode: stat.st_ino,
        }
    }

    /// The path as text; what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn shown(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

impl Tree {
    /// Looks at up to `max` entries below the root without following a link. What `skip` says yes to is left out with all below
    /// it; what vanishes meanwhile is left out too.
    ///
    /// # Errors
    /// When the root cannot be read.
    pub fn walk(&self, skip: impl Fn(&Path) -> bool, max: usize) -> io::Result<Walk> {
        let mut walk = Walk::default();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            match self.look_into(&folder, &skip, max, &mut walk) {
                Ok(below) => folders.extend(below),
                Err(error) if folder.as_os_str().is_empty() => return Err(error),
                Err(error) => match error.kind() {
                    // Gone, or something else by now.
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
                    _ => walk.is_cut = true,
                },
            }
            if walk.entries.len() >= max && !folders.is_empty() {
                walk.is_cut = true;
                break;
            }
        }
        walk.entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(walk)
    }

    /// Adds what is in a folder, and returns the folders in it.
    fn look_into(
        &self,
        folder: &Path,
        skip: &impl Fn(&Path) -> bool,
        max: usize,
        walk: &mut Walk,
    ) -> io::Result<Vec<PathBuf>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = self.open_at(folder, flags)?;
        let mut below = Vec::new();
        for entry in Dir::read_from(&opened)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let path = folder.join(OsStr::from_bytes(name.to_bytes()));
            if skip(&path) {
                continue;
            }
            if walk.entries.len() >= max {
                walk.is_cut = true;
                break;
            }
            let Ok(stat) = rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let walked = Walked::new(path, &stat);
            if walked.kind == Kind::Dir {
                below.push(walked.path.clone());
            }
            walk.entries.push(walked);
        }
        Ok(below)
    }
}
