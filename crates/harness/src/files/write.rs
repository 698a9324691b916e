//! A file as it is written, and the end of one.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;
use vwm_api::harness::FileWritten;

use super::{Changing, FileError, Files, PIECE, Place, begin_change, may_change, open};
use crate::session::Session;
use crate::workspace::Upload;

/// Who sends nothing for so long has gone.
const IDLE: Duration = Duration::from_secs(60);

/// Writes a file of at most `max` bytes as they come. It stands at its place when all of them are there; before that, and if they
/// never are, everything is as it was.
pub(crate) async fn write<E>(
    session: &Arc<Session>,
    path: &str,
    max: u64,
    body: impl Stream<Item = Result<Bytes, E>>,
) -> Result<FileWritten, FileError> {
    let place = Place::to_change(path)?;
    let changing = begin_change(session, &place).await?;
    let (paths, given, opened) = (session.paths.clone(), path.to_owned(), place.clone());
    let begin = move || {
        let upload = open(&paths, &opened)?
            .upload(&opened.path)
            .map_err(|obstacle| FileError::at(&given, obstacle))?;
        Ok((upload, changing))
    };
    let begun = session.files.blocking(path, begin).await?;
    let mut writing = Writing {
        files: &session.files,
        path,
        begun: Some(begun),
        pending: BytesMut::new(),
    };
    let ended = session.state.until_ending();
    let (mut body, mut ended) = (pin!(body), pin!(ended));
    let mut bytes = 0;
    loop {
        let piece = tokio::select! {
            biased;
            () = &mut ended => return Err(FileError::Ending),
            piece = timeout(IDLE, body.next()) => piece,
        };
        let piece = match piece {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                let path = path.to_owned();
                return Err(FileError::CutOff { path });
            }
            Err(_) => {
                let (path, seconds) = (path.to_owned(), IDLE.as_secs());
                return Err(FileError::Idle { path, seconds });
            }
        };
        session.touch();
        bytes += piece.len() as u64;
        if bytes > max {
            let path = path.to_owned();
            return Err(FileError::TooLarge { path, max });
        }
        writing.add(piece).await?;
    }
    may_change(session, &place)?;
    writing.finish().await?;
    Ok(FileWritten { bytes })
}

/// Removes a file, or a link and not what it leads to.
pub(crate) async fn delete(session: &Arc<Session>, path: &str) -> Result<(), FileError> {
    let place = Place::to_change(path)?;
    let changing = begin_change(session, &place).await?;
    let (paths, given) = (session.paths.clone(), path.to_owned());
    let work = move || {
        let _changing = changing;
        open(&paths, &place)?
            .unlink(&place.path)
            .map_err(|obstacle| FileError::at(&given, obstacle))
    };
    session.files.blocking(path, work).await
}

/// A file that is being written. However this ends, what was begun is given up or finished before the end of the session looks.
struct Writing<'a> {
    files: &'a Files,
    path: &'a str,
    begun: Option<(Upload, Changing)>,
    pending: BytesMut,
}

impl Writing<'_> {
    /// Writes what came, once it is worth a thread.
    async fn add(&mut self, piece: Bytes) -> Result<(), FileError> {
        if self.pending.is_empty() && piece.len() >= PIECE {
            return self.put(piece).await;
        }
        self.pending.extend_from_slice(&piece);
        if self.pending.len() >= PIECE {
            let pending = self.pending.split().freeze();
            self.put(pending).await?;
        }
        Ok(())
    }

    async fn put(&mut self, bytes: Bytes) -> Result<(), FileError> {
        let begun = self.begun.take();
        let given = self.path.to_owned();
        let work = move || {
            let mut begun = begun;
            if let Some((upload, _)) = &mut begun {
                upload
                    .write(&bytes)
                    .map_err(|obstacle| FileError::at(&given, obstacle))?;
            }
            Ok(begun)
        };
        self.begun = self.files.blocking(self.path, work).await?;
        Ok(())
    }

    async fn finish(mut self) -> Result<(), FileError> {
        let rest = self.pending.split().freeze();
        self.put(rest).await?;
        let begun = self.begun.take();
        let given = self.path.to_owned();
        let work = move || {
            let Some((upload, _changing)) = begun else {
                return Ok(());
            };
            upload
                .finish()
                .map_err(|obstacle| FileError::at(&given, obstacle))
        };
        self.files.blocking(self.path, work).await
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let Some(begun) = self.begun.take() else {
            return;
        };
        // To give up a large file takes a disk its time.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(begun))),
            Err(_) => drop(begun),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use vwm_api::SessionId;
    use vwm_api::harness::Boot;
    use vwm_api::volume::VolumePaths;

    use super::*;
    use crate::journal::Journal;

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_falls_silent_is_given_up_and_lets_the_end_begin() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = VolumePaths::new(folder.path());
        std::fs::create_dir(paths.workspace()).expect("makes it");
        let journal = Journal::open(&folder.path().join("journal"), 1, 0).expect("opens");
        let boot = Boot {
            session: SessionId::new(),
            generation: 1,
            token: "token".to_owned(),
            stored_n: 0,
        };
        let session = Session::open(boot, paths.clone(), Arc::new(journal), Vec::new());
        let session = session.await.expect("opens");
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(&[1; PIECE]))]);
        let error = write(&session, "file", u64::MAX, first.chain(stream::pending()))
            .await
            .expect_err("it never ends");
        let sentence = "file was not written: nothing more of it came for 60 s";
        assert_eq!(error.to_string(), sentence);
        session.files.until_nothing_changes().await;
        let left = std::fs::read_dir(paths.workspace()).expect("a folder");
        assert_eq!(left.count(), 0);
    }
}
