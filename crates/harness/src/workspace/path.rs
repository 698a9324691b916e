//! Paths inside a tree: which are refused before the kernel sees them, and what its refusals mean.

use std::io;
use std::path::{Component, Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::io::Errno;

/// The path without `.` and doubled slashes; `.` alone is the tree itself.
pub(super) fn checked(path: &Path) -> io::Result<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(refused(path, "leads out of its folder"));
            }
        }
    }
    if clean.as_os_str().is_empty() {
        clean.push(".");
    }
    Ok(clean)
}

/// Likewise, but the tree itself is refused.
pub(super) fn named(path: &Path) -> io::Result<PathBuf> {
    let clean = checked(path)?;
    if clean == Path::new(".") {
        return Err(refused(path, "names no file"));
    }
    Ok(clean)
}

/// The folder above, and the last name.
pub(super) fn split(path: &Path) -> (&Path, &Path) {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let name = path.file_name().map_or(path, Path::new);
    (above.unwrap_or(Path::new(".")), name)
}

/// A name that nobody guesses.
pub(super) fn temporary() -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(PathBuf::from(format!(".vwm-{}", HEXLOWER.encode(&random))))
}

pub(super) fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("{} {why}", path.display()),
    )
}

/// Says what the kernel's answer means for a path.
pub(super) fn explained(path: &Path, error: Errno) -> io::Error {
    match error {
        Errno::LOOP => refused(path, "is a link, or lies behind one"),
        Errno::XDEV => refused(path, "leads out of its folder"),
        Errno::NXIO => refused(path, "is not a regular file"),
        error => {
            let error = io::Error::from(error);
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        }
    }
}
