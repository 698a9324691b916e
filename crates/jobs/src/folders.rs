//! Folders of this machine's jobs: made for their owner alone, and deleted whatever an agent made of them.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::JobError;

/// A socket's name may have 107 bytes.
const LONGEST_SOCKET: usize = 107;

/// Makes a folder, with all above it, that only its owner may look into.
pub(crate) fn private(path: &Path) -> Result<(), JobError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(JobError::volume(path))
}

/// A folder for sockets with a short name: below the data directory, or, where that is too long, in the machine's own for temporary files.
pub(crate) fn for_sockets(data_dir: &Path) -> Result<PathBuf, JobError> {
    let near = data_dir.join("run");
    if near.as_os_str().len() + "/.s".len() + 32 <= LONGEST_SOCKET {
        private(&near)?;
        return Ok(near);
    }
    let hash = blake3::hash(data_dir.as_os_str().as_encoded_bytes());
    let short = &data_encoding::HEXLOWER.encode(hash.as_bytes())[..16];
    let far = PathBuf::from(format!("/tmp/vwm-{short}"));
    private(&far)?;
    let found = std::fs::symlink_metadata(&far).map_err(JobError::volume(&far))?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        let taken =
            io::Error::other("somebody else made it; choose a data directory with a shorter path");
        return Err(JobError::volume(&far)(taken));
    }
    std::fs::set_permissions(&far, Permissions::from_mode(0o700))
        .map_err(JobError::volume(&far))?;
    Ok(far)
}

/// Deletes a tree, also one that an agent made deeper than there are descriptors or took its owner's rights away in. Nothing of the
/// session runs any more.
pub(crate) fn delete(path: &Path) -> Result<(), JobError> {
    let removed = std::fs::remove_dir_all(path).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => flatten(path).and_then(|()| std::fs::remove_dir_all(path)),
    });
    removed.map_err(JobError::volume(path))
}

/// Empties a folder level by level: what lies below its folders is lifted into it, so that none is ever deep.
fn flatten(root: &Path) -> io::Result<()> {
    let open = |folder: &Path| std::fs::set_permissions(folder, Permissions::from_mode(0o700));
    open(root)?;
    let mut lifted = 0;
    let mut folders = folders_in(root)?;
    while let Some(folder) = folders.pop() {
        open(&folder)?;
        for below in folders_in(&folder)? {
            // Its own entry `..` changes by that, for which it must be writable.
            open(&below)?;
            let mut place = root.join(format!(".lifted-{lifted}"));
            while place.exists() {
                lifted += 1;
                place = root.join(format!(".lifted-{lifted}"));
            }
            std::fs::rename(&below, &place)?;
            folders.push(place);
        }
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}
