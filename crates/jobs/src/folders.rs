//! Folders of this machine's jobs: made for their owner alone, and deleted whatever an agent made of them.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::{JobError, remove};

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

/// Deletes a tree that an agent made: all of it, and nothing outside of it.
pub(crate) fn delete(path: &Path) -> Result<(), JobError> {
    let failed = || JobError::volume(path);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(failed()(io::ErrorKind::InvalidInput.into()));
    };
    // Above it everything is ours.
    let parent = match File::open(parent) {
        Ok(parent) => parent,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed()(error)),
    };
    remove::remove(&parent, name).map_err(|errno| failed()(errno.into()))
}
