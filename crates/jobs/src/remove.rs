//! Deletes a tree that an agent made: by descriptors, so that nothing outside is touched whatever is swapped for a link meanwhile, with a
//! handful of them and no recursion, however deep it is.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::{Errno, Result};
use rustix::path::Arg;

/// How often a folder is emptied anew that others keep filling.
const ROUNDS: usize = 16;
const FOLDER: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Removes what a folder has under a name; nothing there is no error.
pub(crate) fn remove(parent: &impl AsFd, name: impl Arg + Copy) -> Result<()> {
    match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Which of the two it is depends on the file system.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error),
    }
    let Some(folder) = opened(parent, name)? else {
        return Ok(());
    };
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
    let mut lifted = 0_u64;
    let mut folders = Vec::new();
    for name in names(top)? {
        if !unlinked(top, &name)? {
            folders.push(name);
        }
    }
    while let Some(folder) = folders.pop() {
        let Some(open) = opened(top, &folder)? else {
            continue;
        };
        for name in names(&open)? {
            // Its own entry `..` changes when it is lifted, for which it must be writable.
            if !unlinked(&open, &name)?
                && opened(&open, &name)?.is_some()
                && let Some(place) = lift(&open, &name, top, &mut lifted)?
            {
                folders.push(place);
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

/// Moves a folder up to the top, under a name that nothing has there; none when it is gone.
fn lift(
    from: &OwnedFd,
    name: &CString,
    top: &OwnedFd,
    lifted: &mut u64,
) -> Result<Option<CString>> {
    loop {
        let place = CString::new(format!(".lifted-{lifted}")).map_err(|_| Errno::INVAL)?;
        *lifted += 1;
        match rustix::fs::renameat(from, name, top, &place) {
            Ok(()) => return Ok(Some(place)),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
            Err(error) => return Err(error),
        }
    }
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

/// Opens a folder, and makes it its owner's to read, write and enter: build tools leave folders that they themselves may not. None when
/// there is no folder by this name any more.
fn opened(parent: &impl AsFd, name: impl Arg) -> Result<Option<OwnedFd>> {
    let opened = match rustix::fs::openat(parent, name, FOLDER, Mode::empty()) {
        Ok(opened) => opened,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mode = Mode::from_raw_mode(rustix::fs::fstat(&opened)?.st_mode);
    if !mode.contains(Mode::RWXU) {
        // The magic link leads to what is open, and nowhere else.
        rustix::fs::chmod(format!("/proc/self/fd/{}", opened.as_raw_fd()), Mode::RWXU)?;
    }
    Ok(Some(opened))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::*;

    fn removed(parent: &Path, name: &str) -> Result<()> {
        let folder = File::open(parent).expect("the parent is there");
        remove(&folder, name)
    }

    #[test]
    fn a_tree_goes_however_deep_it_is_and_whatever_rights_it_took_from_its_owner() {
        let place = tempfile::tempdir().expect("a folder");
        let top = place.path().join("tree");
        fs::create_dir(&top).expect("makes it");
        let mut deepest = File::open(&top).expect("opens");
        // Longer than any path that the system takes.
        for _ in 0..3_000 {
            rustix::fs::mkdirat(&deepest, "folder", Mode::RWXU).expect("makes it");
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            let next = rustix::fs::openat(&deepest, "folder", flags, Mode::empty());
            deepest = next.expect("opens").into();
        }
        fs::create_dir_all(top.join("closed/inner/.lifted-0/x")).expect("makes it");
        fs::create_dir_all(top.join(".lifted-1/y")).expect("makes it");
        fs::write(top.join("closed/inner/file"), "x").expect("writes");
        for closed in ["closed/inner", "closed"] {
            let none = Permissions::from_mode(0o0);
            fs::set_permissions(top.join(closed), none).expect("closes it");
        }
        removed(place.path(), "tree").expect("it goes");
        assert!(!top.exists());
        removed(place.path(), "tree").expect("it is gone already");
    }

    #[test]
    fn what_a_link_leads_to_stays_also_where_the_link_takes_a_folders_place() {
        let place = tempfile::tempdir().expect("a folder");
        let outside = place.path().join("outside");
        fs::create_dir(&outside).expect("makes it");
        fs::write(outside.join("kept"), "x").expect("writes");
        let top = place.path().join("tree");
        fs::create_dir_all(top.join("a/b")).expect("makes it");
        symlink(&outside, top.join("a/link")).expect("links");
        symlink(&outside, top.join("link")).expect("links");
        // As a daemon does it between the listing and the opening.
        let folder = File::open(&top).expect("opens");
        assert!(opened(&folder, "link").expect("looks").is_none());
        removed(place.path(), "tree").expect("it goes");
        assert!(!top.exists());
        symlink(&outside, place.path().join("swapped")).expect("links");
        removed(place.path(), "swapped").expect("the link goes");
        assert!(outside.join("kept").exists());
    }
}
