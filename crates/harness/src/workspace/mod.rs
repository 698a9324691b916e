//! The one safe way into a tree that the engine can write: nothing here follows a link, waits for a peer, or leaves the tree.

mod file;
mod obstacle;
mod path;
mod remove;
mod upload;
mod walk;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

pub use obstacle::Obstacle;
pub use upload::Upload;
pub use walk::{Walk, Walked};

/// Beneath the root, and never through a link of any kind.
const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_SYMLINKS);
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// How often an open is tried again that a rename elsewhere disturbed.
const TRIES: usize = 64;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link, wherever it leads.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// A tree that the engine can write. It is held open: what is done in it is done in this folder, whatever becomes of its name.
/// All paths are relative to it, without `..`.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    path: PathBuf,
}

impl Tree {
    /// Opens the tree's root, which must be a folder and not a link; whoever makes it must own the folders above it.
    ///
    /// # Errors
    /// What opening it says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = rustix::fs::open(path, FOLDER | OFlags::NOFOLLOW, Mode::empty())
            .map_err(|error| path::explained(path, error))?;
        Ok(Self {
            root,
            path: path.to_owned(),
        })
    }

    /// Where it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a regular file of at most `max` bytes.
    ///
    /// # Errors
    /// `FileTooLarge` above that; otherwise what stands in the way.
    pub fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        let content = self.read_start(path, max.saturating_add(1))?;
        if u64::try_from(content.len()).is_ok_and(|length| length <= max) {
            Ok(content)
        } else {
            Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{} is larger than {max} bytes", path.display()),
            ))
        }
    }

    /// Reads the first so many bytes of a regular file.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn read_start(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        // Not waiting, because it may be a pipe without a writer.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = self.open_at(path, flags)?;
        if kind_of(&rustix::fs::fstat(&opened)?) != Kind::File {
            return Err(path::refused(path, "is not a regular file"));
        }
        let mut content = Vec::new();
        File::from(opened).take(most).read_to_end(&mut content)?;
        Ok(content)
    }

    /// Writes a file as a whole, in place of a file or a link that stands there; makes the folders above it.
    ///
    /// It is not synced: what is written here is written again by the next preparation.
    ///
    /// # Errors
    /// What stands in the way: a folder there, or a link above it.
    pub fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.write_with(path, |file| file.write_all(content))
    }

    /// Writes a file likewise, bit by bit.
    ///
    /// # Errors
    /// Likewise, and what the writer says.
    pub fn write_with(
        &self,
        path: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let temporary = path::temporary()?;
        let opened = rustix::fs::openat(&parent, &temporary, flags, Mode::from_raw_mode(0o644))?;
        let mut file = BufWriter::new(File::from(opened));
        let written = write(&mut file).and_then(|()| file.flush()).and_then(|()| {
            rustix::fs::renameat(&parent, &temporary, &parent, name)
                .map_err(|error| path::explained(path, error))
        });
        if written.is_err() {
            // What matters is why it could not be written.
            let _ = rustix::fs::unlinkat(&parent, &temporary, AtFlags::empty());
        }
        written
    }

    /// Makes a folder and those above it; one that is there is left as it is.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.make_folder(&path::checked(path)?).map(drop)
    }

    /// Makes a symbolic link, in place of a file or a link that stands there; makes the folders above it.
    ///
    /// # Errors
    /// What stands in the way: a folder there, or a link above it.
    pub fn symlink(&self, target: &Path, path: &Path) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        let temporary = path::temporary()?;
        rustix::fs::symlinkat(target, &parent, &temporary)?;
        rustix::fs::renameat(&parent, &temporary, &parent, name).map_err(|error| {
            // What matters is why it could not be renamed.
            let _ = rustix::fs::unlinkat(&parent, &temporary, AtFlags::empty());
            path::explained(path, error)
        })
    }

    /// Moves what stands at a path aside, unless it is of this kind; returns its new path. What is not there is no error.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn set_aside_unless(&self, wanted: Kind, path: &Path) -> io::Result<Option<PathBuf>> {
        if self.kind(path)?.is_none_or(|kind| kind == wanted) {
            return Ok(None);
        }
        let checked = path::named(path)?;
        let (above, name) = path::split(&checked);
        let parent = self.open_at(above, FOLDER)?;
        let mut aside = name.as_os_str().to_owned();
        aside.push(".aside");
        aside.push(path::temporary()?);
        rustix::fs::renameat(&parent, name, &parent, &aside)
            .map_err(|error| path::explained(path, error))?;
        Ok(Some(path.with_file_name(aside)))
    }

    /// Removes a file, a link (never what it leads to), or a folder with all that is in it. What is not there is no error.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let checked = path::named(path)?;
        let (above, name) = path::split(&checked);
        let parent = match self.open_at(above, FOLDER) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            parent => parent?,
        };
        remove::remove(&parent, name).map_err(|error| path::explained(path, error))
    }

    /// What stands at a path, if anything does.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match self.stat(path) {
            Ok(found) => Ok(Some(found.kind)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether anything stands at a path, also a link that leads nowhere.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.kind(path)?.is_some())
    }

    /// What stands at a path; of a link, the link itself.
    ///
    /// # Errors
    /// `NotFound`, or what stands in the way.
    pub fn stat(&self, path: &Path) -> io::Result<Walked> {
        let opened = self.open_at(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC)?;
        Ok(Walked::new(path.to_owned(), &rustix::fs::fstat(&opened)?))
    }

    fn open_at(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let checked = path::checked(path)?;
        self.open_raw(&checked, flags)
            .map_err(|error| path::explained(path, error))
    }

    /// Opens what is at a path that was checked.
    fn open_raw(&self, checked: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let mut opened = Err(Errno::AGAIN);
        for _ in 0..TRIES {
            opened = rustix::fs::openat2(&self.root, checked, flags, Mode::empty(), BENEATH);
            if !matches!(opened, Err(Errno::AGAIN | Errno::INTR)) {
                break;
            }
        }
        opened
    }

    /// The folder above a path, made if it is not there, and the path's last name.
    fn parent_of<'a>(&self, path: &'a Path) -> io::Result<(OwnedFd, &'a Path)> {
        let checked = path::named(path)?;
        let (above, _) = path::split(&checked);
        let (_, name) = path::split(path);
        Ok((self.make_folder(above)?, name))
    }

    fn make_folder(&self, path: &Path) -> io::Result<OwnedFd> {
        self.make_raw(path)
            .map_err(|error| path::explained(path, error))
    }

    /// Opens the folder at a path that was checked; makes it and those above it if they are not there.
    fn make_raw(&self, checked: &Path) -> rustix::io::Result<OwnedFd> {
        match self.open_raw(checked, FOLDER) {
            Err(Errno::NOENT) => {}
            opened => return opened,
        }
        let mut folder = self.open_raw(Path::new("."), FOLDER)?;
        for name in checked {
            match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
            folder = rustix::fs::openat2(&folder, name, FOLDER, Mode::empty(), BENEATH)?;
        }
        Ok(folder)
    }
}

fn kind_of(stat: &Stat) -> Kind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}
