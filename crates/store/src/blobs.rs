//! Blobs: files in a folder, named by the BLAKE3 hash of what is in them.

mod reader;
mod sweep;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use crate::{Result, StoreError};

pub use reader::BlobReader;

/// The name of a blob: the hash of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobHash(pub [u8; 32]);

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).fmt(f)
    }
}

/// How much of a file is read at once.
const CHUNK: usize = 64 * 1024;

/// A folder of blobs; clones are the same folder.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: Arc<Path>,
    /// Held where a blob gets its name or loses it.
    names: Arc<Mutex<()>>,
}

impl Blobs {
    /// Opens the folder, makes it where it is missing, and clears away what a crash left half written.
    pub(crate) async fn open(root: PathBuf) -> Result<Self> {
        let blobs = Self {
            root: root.into(),
            names: Arc::default(),
        };
        blobs
            .run(|blobs| {
                let unfinished = blobs.root.join("tmp");
                if unfinished.exists() {
                    fs::remove_dir_all(&unfinished)
                        .map_err(StoreError::io("clear", &unfinished))?;
                }
                create(&unfinished)
            })
            .await?;
        Ok(blobs)
    }

    /// Keeps these bytes; keeping them again changes nothing.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<BlobHash> {
        self.run(move |blobs| blobs.keep(&mut bytes.as_slice(), "memory".as_ref()))
            .await
    }

    /// Keeps so many bytes, as they come: what a session leaves may be larger than the memory that there is. When they end too early
    /// nothing is kept.
    pub async fn put_chunks<C: AsRef<[u8]> + Send + 'static>(
        &self,
        chunks: Receiver<C>,
        bytes: u64,
    ) -> Result<BlobHash> {
        self.run(move |blobs| {
            let mut chunks = Chunks {
                chunks,
                open: None,
                left: bytes,
            };
            blobs.keep(&mut chunks, "what is sent".as_ref())
        })
        .await
    }

    /// Keeps a copy of this file.
    pub async fn put_file(&self, path: &Path) -> Result<BlobHash> {
        let path = path.to_owned();
        self.run(move |blobs| {
            let mut file = File::open(&path).map_err(StoreError::io("open", &path))?;
            blobs.keep(&mut file, &path)
        })
        .await
    }

    /// Returns the bytes of a blob, checked against its name.
    pub async fn get(&self, hash: BlobHash) -> Result<Vec<u8>> {
        self.run(move |blobs| {
            let path = blobs.path(hash);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(StoreError::NotFound);
                }
                Err(error) => return Err(StoreError::io("read", &path)(error)),
            };
            if blake3::hash(&bytes).as_bytes() != &hash.0 {
                return Err(damaged(hash));
            }
            Ok(bytes)
        })
        .await
    }

    /// Copies a blob into a file that does not exist yet, checked against its name.
    pub async fn copy_to(&self, hash: BlobHash, path: &Path) -> Result<()> {
        let target = path.to_owned();
        self.run(move |blobs| {
            let path = blobs.path(hash);
            let mut blob = match File::open(&path) {
                Ok(blob) => blob,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(StoreError::NotFound);
                }
                Err(error) => return Err(StoreError::io("open", &path)(error)),
            };
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&target)
                .map_err(StoreError::io("create", &target))?;
            let is_same = BlobHash(copy(&mut blob, &path, &mut file, &target)?) == hash;
            if !is_same {
                return Err(damaged(hash));
            }
            Ok(())
        })
        .await
    }

    /// Opens a blob to be read piece by piece.
    pub async fn reader(&self, hash: BlobHash) -> Result<BlobReader> {
        self.run(move |blobs| BlobReader::open(blobs.clone(), hash))
            .await
    }

    /// Removes a blob; one that is not there is removed already.
    pub async fn delete(&self, hash: BlobHash) -> Result<()> {
        self.run(move |blobs| {
            let path = blobs.path(hash);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(StoreError::io("remove", &path)(error))
                }
                _ => Ok(()),
            }
        })
        .await
    }

    fn path(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Writes beside, syncs, renames: under its name a blob is whole, also after a loss of power.
    fn keep(&self, content: &mut dyn Read, source: &Path) -> Result<BlobHash> {
        let unfinished = Unfinished(self.root.join("tmp").join(Uuid::new_v4().to_string()));
        let mut file =
            File::create_new(&unfinished.0).map_err(StoreError::io("create", &unfinished.0))?;
        let hash = BlobHash(copy(content, source, &mut file, &unfinished.0)?);
        file.sync_all()
            .map_err(StoreError::io("sync", &unfinished.0))?;

        let path = self.path(hash);
        let folder = path.parent().expect("a blob is in a folder");
        if !folder.exists() {
            create(folder)?;
            sync(&self.root)?;
        }
        {
            let _names = self.hold_names();
            fs::rename(&unfinished.0, &path).map_err(StoreError::io("rename", &unfinished.0))?;
        }
        sync(folder)?;
        Ok(hash)
    }

    fn hold_names(&self) -> MutexGuard<'_, ()> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let blobs = self.clone();
        match tokio::task::spawn_blocking(move || work(&blobs)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Closed),
            },
        }
    }
}

/// What comes through a channel, read like a file of a known length.
struct Chunks<C> {
    chunks: Receiver<C>,
    /// The chunk that is being read, and how far.
    open: Option<(C, usize)>,
    left: u64,
}

impl<C: AsRef<[u8]>> Read for Chunks<C> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some((chunk, read)) = &mut self.open {
                let length = (&chunk.as_ref()[*read..]).read(into)?;
                if length > 0 {
                    *read += length;
                    let left = self.left.checked_sub(length as u64);
                    self.left =
                        left.ok_or_else(|| io::Error::other("there is more than was told"))?;
                    return Ok(length);
                }
            }
            self.open = self.chunks.blocking_recv().map(|chunk| (chunk, 0));
            if self.open.is_none() {
                return match self.left {
                    0 => Ok(0),
                    left => Err(io::Error::other(format!("{left} bytes are missing"))),
                };
            }
        }
    }
}

/// A file that goes away unless it was renamed.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is gone when it was renamed; what stays is cleared at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

/// Copies all that there is, and returns its hash.
fn copy(from: &mut dyn Read, source: &Path, to: &mut File, target: &Path) -> Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = match from.read(&mut chunk) {
            Ok(0) => return Ok(*hasher.finalize().as_bytes()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::io("read", source)(error)),
        };
        hasher.update(&chunk[..length]);
        to.write_all(&chunk[..length])
            .map_err(StoreError::io("write", target))?;
    }
}

fn damaged(hash: BlobHash) -> StoreError {
    StoreError::Corrupt {
        what: format!("blob {hash} holds something else"),
    }
}

fn create(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(StoreError::io("create", folder))
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::io("sync", folder))
}
