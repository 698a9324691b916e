//! What stands in the way of a call that somebody outside asks for: what it is, and never where.

use std::io;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

/// Why a place in a tree cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// Nothing is there.
    #[error("is not there")]
    NotThere,
    /// It is a link, or behind one: none is followed.
    #[error("is a link, or lies behind one; links are not followed")]
    Link,
    /// It is a folder.
    #[error("is a folder")]
    Folder,
    /// It is a file, where a folder is asked for.
    #[error("is a file, not a folder")]
    File,
    /// It is nothing that holds bytes.
    #[error("is {0}, not a file")]
    Special(&'static str),
    /// One of the names above it is no folder's.
    #[error("lies below something that is not a folder")]
    Below,
    /// It is no path in this tree.
    #[error("leads out of its folder, or names nothing in it")]
    Outside,
    /// Its mode, or that of a folder above it, forbids it.
    #[error("may not be used; see to its mode, and to those of the folders above it")]
    Mode,
    /// A program holds a lease on it.
    #[error("is held by a program; ask again in a moment")]
    Held,
    /// It is longer than a file system takes.
    #[error("is too long a name")]
    TooLong,
    /// There is no space for it.
    #[error("does not fit: the disk is full")]
    Full,
    /// The disk says something else.
    #[error("cannot be used: {0}")]
    Disk(#[source] io::Error),
}

impl From<Errno> for Obstacle {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT => Self::NotThere,
            Errno::LOOP => Self::Link,
            Errno::ISDIR => Self::Folder,
            Errno::NOTDIR => Self::Below,
            Errno::XDEV | Errno::INVAL => Self::Outside,
            Errno::ACCESS | Errno::PERM => Self::Mode,
            Errno::AGAIN => Self::Held,
            Errno::NAMETOOLONG => Self::TooLong,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Self::Full,
            error => Self::Disk(error.into()),
        }
    }
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            None => Self::Disk(error),
        }
    }
}

/// What stands there, if it is not a regular file.
pub(super) fn unless_file(stat: &Stat) -> Result<(), Obstacle> {
    Err(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => Obstacle::Folder,
        FileType::Symlink => Obstacle::Link,
        FileType::Fifo => Obstacle::Special("a pipe"),
        FileType::Socket => Obstacle::Special("a socket"),
        FileType::CharacterDevice | FileType::BlockDevice => Obstacle::Special("a device"),
        FileType::Unknown => Obstacle::Special("something unknown"),
    })
}
