//! A file that is written bit by bit and stands at its place only when it is whole.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::obstacle::unless_file;
use super::{FOLDER, Kind, Obstacle, Tree, path};

const NEW: Mode = Mode::from_raw_mode(0o644);

/// A file on its way to its place. It has no name before that, so that nobody finds half of it, and given up it leaves nothing
/// behind, whatever ends us; where a file system knows no files without a name, it has one that nobody guesses.
///
/// It is not synced: a power cut may lose what was just written.
#[derive(Debug)]
pub struct Upload {
    tree: Tree,
    place: PathBuf,
    folder: OwnedFd,
    file: File,
    named: Option<PathBuf>,
}

impl Tree {
    /// Begins to write a file in place of a file or a link that stands there; the folders above it are made at the end.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn upload(self, path: &Path) -> Result<Upload, Obstacle> {
        let place = path::named(path).map_err(|_| Obstacle::Outside)?;
        let folder = self.nearest_folder(&place)?;
        let (above, name) = path::split(&place);
        // Said before the first byte comes, where it can be known by now.
        match self.open_raw(above, FOLDER) {
            Ok(parent) => standing(&parent, name).map(drop)?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let (file, named) = match rustix::fs::openat(&folder, ".", flags | OFlags::TMPFILE, NEW) {
            Ok(file) => (file, None),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
                let name = path::temporary()?;
                let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
                let file = rustix::fs::openat(&folder, &name, flags, NEW)?;
                (file, Some(name))
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Upload {
            tree: self,
            place,
            folder,
            file: File::from(file),
            named,
        })
    }

    /// The deepest folder above a place that is there already: what is written there moves to the place without being copied.
    fn nearest_folder(&self, place: &Path) -> Result<OwnedFd, Obstacle> {
        for above in place.ancestors().skip(1) {
            let above = if above.as_os_str().is_empty() {
                Path::new(".")
            } else {
                above
            };
            match self.open_raw(above, FOLDER) {
                Err(Errno::NOENT) => {}
                opened => return Ok(opened?),
            }
        }
        Err(Obstacle::NotThere)
    }
}

impl Upload {
    /// Writes what comes next.
    ///
    /// # Errors
    /// That the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Obstacle> {
        Ok(self.file.write_all(bytes)?)
    }

    /// Puts it in its place, with the mode of the file that it replaces.
    ///
    /// # Errors
    /// What stands in the way by now; then nothing has changed but folders that may have been made.
    pub fn finish(mut self) -> Result<(), Obstacle> {
        let (above, name) = path::split(&self.place);
        let parent = self.tree.make_raw(above)?;
        if let Some(mode) = standing(&parent, name)? {
            rustix::fs::fchmod(&self.file, mode)?;
        }
        let temporary = match self.named.take() {
            Some(named) => named,
            None => self.give_name()?,
        };
        let moved = rustix::fs::renameat(&self.folder, &temporary, &parent, name);
        if moved.is_err() {
            self.named = Some(temporary);
        }
        Ok(moved?)
    }

    /// A name beside its place, for the moment before it moves there: what stands at the place can only be replaced by a move.
    fn give_name(&self) -> Result<PathBuf, Obstacle> {
        let name = path::temporary()?;
        let held = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        // The magic link leads to what is open, and nowhere else.
        rustix::fs::linkat(CWD, held, &self.folder, &name, AtFlags::SYMLINK_FOLLOW)?;
        Ok(name)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(name) = &self.named {
            // It may have gone with its folder.
            let _ = rustix::fs::unlinkat(&self.folder, name, AtFlags::empty());
        }
    }
}

/// The mode of the file that stands there, if a file does; what cannot be replaced by one is refused.
fn standing(parent: &OwnedFd, name: &Path) -> Result<Option<Mode>, Obstacle> {
    let stat = match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        stat => stat?,
    };
    if super::kind_of(&stat) == Kind::Link {
        return Ok(None);
    }
    unless_file(&stat)?;
    // Not whose rights it runs with.
    let rights = Mode::RWXU | Mode::RWXG | Mode::RWXO;
    Ok(Some(Mode::from_raw_mode(stat.st_mode) & rights))
}
