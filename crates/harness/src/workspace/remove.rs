//! Removes a folder with all that is in it, however deep, with a handful of descriptors and no recursion.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::{Errno, Result};

use super::path;

/// How often a folder is emptied anew that others keep filling.
const ROUNDS: usize = 16;
const OPEN: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Removes what `parent` has under a name; nothing there is no error.
pub(super) fn remove(parent: &impl AsFd, name: &Path) -> Result<()> {
    match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Which of the two it is depends on the file system.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error),
    }
    let folder = open(parent, name)?;
    for _ in 0..ROUNDS {
        empty(&folder)?;
        match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::NOTEMPTY) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::NOTEMPTY)
}

/// Empties a folder: what lies below its folders is lifted into it, so that none is ever deep.
fn empty(top: &OwnedFd) -> Result<()> {
    let mut folders = Vec::new();
    for name in names(top)? {
        if !unlinked(top, &name)? {
            folders.push(name);
        }
    }
    while let Some(folder) = folders.pop() {
        let opened = match open(top, &folder) {
            Err(Errno::NOENT | Errno::NOTDIR) => continue,
            opened => opened?,
        };
        for name in names(&opened)? {
            if !unlinked(&opened, &name)? {
                // Its own entry `..` changes by that, for which it must be writable.
                match open(&opened, &name) {
                    Err(Errno::NOENT | Errno::NOTDIR) => continue,
                    made_writable => drop(made_writable?),
                }
                let lifted = path::temporary().map_err(|_| Errno::IO)?;
                let lifted = CString::new(lifted.into_os_string().into_encoded_bytes())
                    .map_err(|_| Errno::INVAL)?;
                rustix::fs::renameat(&opened, &name, top, &lifted)?;
                folders.push(lifted);
            }
        }
        match rustix::fs::unlinkat(top, &folder, AtFlags::REMOVEDIR) {
            // What was put there meanwhile is for the next round.
            Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Unlinks what is no folder; false when it is one.
fn unlinked(folder: &OwnedFd, name: &CString) -> Result<bool> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR | Errno::PERM) => Ok(false),
        Err(error) => Err(error),
    }
}

fn names(folder: &OwnedFd) -> Result<Vec<CString>> {
    let mut names = Vec::new();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    for entry in Dir::new(rustix::fs::openat(folder, ".", flags, Mode::empty())?)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.as_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

/// Opens a folder, and makes it its owner's to read, write and enter: build tools leave folders that they themselves may not.
fn open(parent: &impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd> {
    let opened = rustix::fs::openat(parent, name, OPEN, Mode::empty())?;
    let mode = Mode::from_raw_mode(rustix::fs::fstat(&opened)?.st_mode);
    if !mode.contains(Mode::RWXU) {
        // The magic link leads to what is open, and nowhere else.
        rustix::fs::chmod(format!("/proc/self/fd/{}", opened.as_raw_fd()), Mode::RWXU)?;
    }
    Ok(opened)
}
