//! A blob that is read piece by piece: whoever reads slowly holds no thread and little memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use super::{BlobHash, Blobs, CHUNK, damaged};
use crate::{Result, StoreError};

/// A cursor over the bytes of a blob. The promise: the end is told only of a blob that holds what its name says.
pub struct BlobReader {
    blobs: Blobs,
    /// None once all was read, or something was wrong.
    reading: Option<Box<Reading>>,
}

struct Reading {
    file: File,
    path: PathBuf,
    hash: BlobHash,
    hasher: blake3::Hasher,
}

impl BlobReader {
    pub(super) fn open(blobs: Blobs, hash: BlobHash) -> Result<Self> {
        let path = blobs.path(hash);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotFound);
            }
            Err(error) => return Err(StoreError::io("open", &path)(error)),
        };
        let reading = Reading {
            file,
            path,
            hash,
            hasher: blake3::Hasher::new(),
        };
        Ok(Self {
            blobs,
            reading: Some(Box::new(reading)),
        })
    }

    /// Returns the next piece; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(mut reading) = self.reading.take() else {
            return Ok(None);
        };
        let read = self.blobs.run(move |_| {
            let chunk = reading.next()?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        });
        let Some((chunk, reading)) = read.await? else {
            return Ok(None);
        };
        self.reading = Some(reading);
        Ok(Some(chunk))
    }
}

impl Reading {
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut piece = (&mut self.file).take(CHUNK as u64);
        piece
            .read_to_end(&mut chunk)
            .map_err(StoreError::io("read", &self.path))?;
        if !chunk.is_empty() {
            self.hasher.update(&chunk);
            return Ok(Some(chunk));
        }
        if self.hasher.finalize().as_bytes() == &self.hash.0 {
            Ok(None)
        } else {
            Err(damaged(self.hash))
        }
    }
}
