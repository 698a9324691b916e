//! One file or folder of a tree, as somebody outside asks for it: opened, listed, removed.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, Stat};

use super::obstacle::unless_file;
use super::{FOLDER, Kind, Obstacle, Tree, Walk, Walked, path};

impl Tree {
    /// Opens a regular file to read; tells how long it is now.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn open_file(&self, path: &Path) -> Result<(File, u64), Obstacle> {
        let (found, stat) = self.look(path)?;
        unless_file(&stat)?;
        // It is known to be a file before it is opened: opening a pipe would end whoever waits at its other end.
        // The magic link leads to what is open, and nowhere else.
        // Not waiting: a program may hold a lease on it.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(
            format!("/proc/self/fd/{}", found.as_raw_fd()),
            flags,
            Mode::empty(),
        )?;
        Ok((
            File::from(opened),
            u64::try_from(stat.st_size).unwrap_or_default(),
        ))
    }

    /// Looks at the first `most` names of a folder; the paths are the names alone. What `skip` says yes to is left out.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn list(
        &self,
        path: &Path,
        skip: impl Fn(&OsStr) -> bool,
        most: usize,
    ) -> Result<Walk, Obstacle> {
        let (found, stat) = self.look(path)?;
        match super::kind_of(&stat) {
            Kind::Dir => {}
            Kind::File => return Err(Obstacle::File),
            Kind::Link | Kind::Other => unless_file(&stat)?,
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&found, ".", flags, Mode::empty())?;
        let mut walk = Walk::default();
        // The first by name, of however many there are.
        let mut first: BTreeSet<OsString> = BTreeSet::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if matches!(name.as_bytes(), b"." | b"..") || skip(name) {
                continue;
            }
            first.insert(name.to_owned());
            if first.len() > most {
                first.pop_last();
                walk.is_cut = true;
            }
        }
        for name in first {
            // What vanished meanwhile is not there.
            if let Ok(stat) = rustix::fs::statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                walk.entries.push(Walked::new(PathBuf::from(name), &stat));
            }
        }
        Ok(walk)
    }

    /// Removes a file, or a link and not what it leads to.
    ///
    /// # Errors
    /// What stands in the way: also that nothing is there.
    pub fn unlink(&self, path: &Path) -> Result<(), Obstacle> {
        let checked = path::named(path).map_err(|_| Obstacle::Outside)?;
        let (above, name) = path::split(&checked);
        let parent = self.open_raw(above, FOLDER)?;
        let stat = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if super::kind_of(&stat) != Kind::Link {
            unless_file(&stat)?;
        }
        Ok(rustix::fs::unlinkat(&parent, name, AtFlags::empty())?)
    }

    /// What stands at a path, held but not opened; of a link, the link itself.
    fn look(&self, path: &Path) -> Result<(OwnedFd, Stat), Obstacle> {
        let checked = path::checked(path).map_err(|_| Obstacle::Outside)?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = self.open_raw(&checked, flags)?;
        let stat = rustix::fs::fstat(&found)?;
        Ok((found, stat))
    }
}
