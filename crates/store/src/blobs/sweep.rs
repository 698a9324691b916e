//! Blobs that nothing may name any more: found by age, and removed only as long as they are old.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{BlobHash, Blobs};
use crate::{Result, StoreError};

/// A blob is put, and then a row names it. Until it is that old nobody takes it for one without a name.
const YOUNG: Duration = Duration::from_secs(3600);
/// What is put grows all the time: what has not grown for so long was left by a crash.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

impl Blobs {
    /// The folders with blobs in them. What was left half written is removed on the way.
    pub(crate) async fn folders(&self) -> Result<Vec<OsString>> {
        self.run(|blobs| {
            let mut folders = Vec::new();
            for entry in fs::read_dir(&blobs.root).map_err(StoreError::io("read", &*blobs.root))? {
                let entry = entry.map_err(StoreError::io("read", &*blobs.root))?;
                if entry.file_name() == "tmp" {
                    clear(&entry.path())?;
                } else if entry.file_name().len() == 2 {
                    folders.push(entry.file_name());
                }
            }
            Ok(folders)
        })
        .await
    }

    /// The blobs of a folder that are not young.
    pub(crate) async fn old_ones(&self, folder: OsString) -> Result<Vec<BlobHash>> {
        self.run(move |blobs| {
            let folder = blobs.root.join(folder);
            let mut old = Vec::new();
            for entry in fs::read_dir(&folder).map_err(StoreError::io("read", &folder))? {
                let entry = entry.map_err(StoreError::io("read", &folder))?;
                // What has another name is not ours.
                let named = entry.file_name().to_str().and_then(BlobHash::parse);
                if let Some(hash) = named
                    && is_older(&entry.path(), YOUNG)?
                {
                    old.push(hash);
                }
            }
            Ok(old)
        })
        .await
    }

    /// Removes a blob unless it was put anew meanwhile; returns whether it did.
    pub(crate) async fn delete_old(&self, hash: BlobHash) -> Result<bool> {
        self.run(move |blobs| {
            let path = blobs.path(hash);
            // Nobody puts it between the look and the removal.
            let _names = blobs.hold_names();
            if !is_older(&path, YOUNG)? {
                return Ok(false);
            }
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            Ok(true)
        })
        .await
    }
}

impl BlobHash {
    fn parse(name: &str) -> Option<Self> {
        let hash = blake3::Hash::from_hex(name).ok()?;
        Some(Self(*hash.as_bytes()))
    }
}

fn clear(unfinished: &Path) -> Result<()> {
    for entry in fs::read_dir(unfinished).map_err(StoreError::io("read", unfinished))? {
        let path = entry.map_err(StoreError::io("read", unfinished))?.path();
        if is_older(&path, ABANDONED)? {
            // Whoever put it may have removed it just now.
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

/// Whether a file was last written that long ago; one that is gone is not old.
fn is_older(path: &Path, age: Duration) -> Result<bool> {
    match fs::symlink_metadata(path).and_then(|found| found.modified()) {
        // One from the future is young.
        Ok(written) => Ok(SystemTime::now()
            .duration_since(written)
            .is_ok_and(|its| its >= age)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("look at", path)(error)),
    }
}
