//! A file as it is read, piece by piece.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::{FileError, PIECE, Place, not_ending, open};
use crate::session::Session;

/// Opens a file. Tells how long it is now, and gives just so many bytes; one that shrinks meanwhile ends in an error.
pub(crate) async fn read(
    session: &Arc<Session>,
    path: &str,
) -> Result<
    (
        u64,
        impl Stream<Item = Result<Bytes, FileError>> + Send + use<>,
    ),
    FileError,
> {
    let place = Place::file(path)?;
    not_ending(session)?;
    let paths = session.paths.clone();
    let given = path.to_owned();
    let (file, length) = session
        .files
        .blocking(path, move || {
            open(&paths, &place)?
                .open_file(&place.path)
                .map_err(|obstacle| FileError::at(&given, obstacle))
        })
        .await?;
    let reading = Reading {
        session: Arc::clone(session),
        path: path.to_owned(),
        file: Arc::new(file),
        at: 0,
        length,
    };
    let stop = session.stop.clone();
    let pieces = stream::unfold(Some(reading), async |reading| {
        let mut reading = reading?;
        match reading.next().await {
            Ok(piece) => piece.map(|piece| (Ok(piece), Some(reading))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok((length, pieces.take_until(stop.cancelled_owned())))
}

/// How far a file is read. Nothing is read before it is asked for.
struct Reading {
    session: Arc<Session>,
    path: String,
    file: Arc<File>,
    at: u64,
    length: u64,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, FileError> {
        self.session.touch();
        let left = self.length - self.at;
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let (file, at, path) = (Arc::clone(&self.file), self.at, self.path.clone());
        let work =
            move || read_at(&file, at, most).map_err(|source| FileError::Disk { path, source });
        let piece = self.session.files.blocking(&self.path, work).await?;
        self.at += piece.len() as u64;
        Ok(Some(piece))
    }
}

/// Reads so many bytes; fewer are there no more.
fn read_at(file: &File, at: u64, most: usize) -> io::Result<Bytes> {
    let mut piece = vec![0; most];
    file.read_exact_at(&mut piece, at)?;
    Ok(piece.into())
}
