//! Files of a session's workspace: its harness opens them; what writes is recorded before and after.

mod body;
mod path;
mod reach;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt};
use tokio::sync::mpsc;
use tracing::{error, warn};
use vwm_api::{FileAction, FileChange, FileChangeId, FileList, Key, SessionId};
use vwm_client::{ByteStream, ClientError};

use super::sessions;
use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;
use body::{Most, WhyBroken};
pub(crate) use path::{FilePath, fault as path_fault};
use reach::{Reached, reach};

/// How long a body may stall; a little less than the harness waits for it, so that it is told as what it is.
const STALL: Duration = Duration::from_secs(55);
/// How many pieces of a body wait for the harness.
const PIECES: usize = 1;
/// The longest list of file changes.
const CHANGES_MAX: u32 = 1000;

/// A file that is read.
pub(crate) struct OpenFile {
    /// Its bytes when it was opened; that many follow, or an error.
    pub(crate) length: u64,
    /// The bytes as they come.
    pub(crate) bytes: ByteStream,
}

/// A file that is sent.
pub(crate) struct Sent<S> {
    /// By which call.
    pub(crate) action: FileAction,
    /// Where to.
    pub(crate) path: FilePath,
    /// Its bytes, where the client says so beforehand.
    pub(crate) length: Option<u64>,
    /// The bytes as they come.
    pub(crate) body: S,
}

/// Returns what a folder holds; without a path it is the root.
pub(crate) async fn list(
    app: &App,
    session: SessionId,
    mut query: Input,
) -> Result<FileList, Error> {
    let path = query.text("path").unwrap_or_default();
    query.close()?;
    let path = FilePath::of_folder(path)?;
    let reached = reach(app, session).await?;
    touch(app, session).await?;
    let list = reached.harness.list_files(path.as_str()).await;
    list.map_err(refused)
}

/// Opens a file.
pub(crate) async fn read(
    app: &App,
    session: SessionId,
    path: &FilePath,
) -> Result<OpenFile, Error> {
    let reached = reach(app, session).await?;
    touch(app, session).await?;
    let opened = reached.harness.read_file(path.as_str()).await;
    let (length, bytes) = opened.map_err(refused)?;
    let bytes = bytes
        .inspect(move |_| {
            // The session is wanted as long as its file is read.
            let _reached = &reached;
        })
        .boxed();
    Ok(OpenFile { length, bytes })
}

/// Writes a file, all of it or nothing.
pub(crate) async fn write<S, E>(
    app: &Arc<App>,
    by: &Key,
    session: SessionId,
    sent: Sent<S>,
) -> Result<(), Error>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let Sent {
        action,
        path,
        length,
        body,
    } = sent;
    let max = app.config.upload_max;
    let most = Most {
        max,
        room: app.disk.room(),
    };
    most.check(length.unwrap_or(0))?;
    let reached = reach(app, session).await?;
    let record = begin(app, by, session, action, &path).await?;
    // A task of its own: who hangs up breaks the body off, and still it is noted what became of the file.
    let (to, pieces) = mpsc::channel(PIECES);
    let why = WhyBroken::default();
    let stream = body::stream(pieces, Arc::clone(&why));
    let mut writing = app.tasks.spawn({
        let app = Arc::clone(app);
        async move {
            let written = reached.harness.write_file(path.as_str(), max, stream).await;
            let broken = why.get().map(String::as_str);
            let bytes = written.map(|written| Some(written.bytes));
            end(&app, record, &bytes, broken).await;
            bytes.map(drop).map_err(refused)
        }
    });
    let feeding = pin!(body::feed(body, most, STALL, to));
    let fed = tokio::select! {
        // Why a body is not whole is said rather than what the harness makes of it.
        biased;
        fed = feeding => fed,
        // Who sends nothing just now learns at once that nobody takes it.
        written = &mut writing => return written.map_err(Error::internal)?,
    };
    // Also where the body is not whole: who asks next finds the old file.
    let written = writing.await.map_err(Error::internal)?;
    fed.and(written)
}

/// Removes a file. Who hangs up stops nothing.
pub(crate) async fn delete(
    app: &Arc<App>,
    by: &Key,
    session: SessionId,
    path: FilePath,
) -> Result<(), Error> {
    let reached = reach(app, session).await?;
    let record = begin(app, by, session, FileAction::Delete, &path).await?;
    let deleting = app.tasks.spawn({
        let app = Arc::clone(app);
        async move {
            let Reached { harness, .. } = &reached;
            let deleted = harness.delete_file(path.as_str()).await.map(|()| None);
            end(&app, record, &deleted, None).await;
            deleted.map(drop).map_err(refused)
        }
    });
    deleting.await.map_err(Error::internal)?
}

/// Returns what was changed through these calls, oldest first.
pub(crate) async fn changes(
    app: &App,
    session: SessionId,
    mut query: Input,
) -> Result<Vec<FileChange>, Error> {
    let after = query.parsed::<FileChangeId>("after");
    let limit = query.whole("limit", 1..=CHANGES_MAX);
    query.close()?;
    sessions::show(app, session).await?;
    let limit = limit.unwrap_or(CHANGES_MAX);
    Ok(app.store.file_changes(session, after, limit).await?)
}

async fn touch(app: &App, session: SessionId) -> Result<(), Error> {
    let touched = app.store.touch(session).await;
    touched.map_err(Error::of_store(Resource::Session))
}

async fn begin(
    app: &App,
    by: &Key,
    session: SessionId,
    action: FileAction,
    path: &FilePath,
) -> Result<FileChangeId, Error> {
    let store = &app.store;
    let begun = store.begin_file_change(session, by.id, action, path.as_str());
    begun.await.map_err(Error::of_store(Resource::Session))
}

/// Notes how a change ended. What nobody knows stays pending; what is done stays done when it cannot be noted.
async fn end(
    app: &App,
    record: FileChangeId,
    answer: &Result<Option<u64>, ClientError>,
    broken: Option<&str>,
) {
    let outcome = match (answer, broken) {
        (Ok(bytes), _) => Ok(*bytes),
        (Err(_), Some(why)) => Err(why.to_owned()),
        (Err(ClientError::Lost { .. } | ClientError::Silent { .. }), None) => return,
        (Err(error), None) => Err(said(error)),
    };
    if let Err(failure) = app.store.end_file_change(record, outcome).await {
        let cause = vwm_api::chain(&failure);
        error!(file_change.id = %record, "The end of file change {record} cannot be noted: {cause}");
    }
}

/// What a harness's refusal means to the client.
fn refused(error: ClientError) -> Error {
    let said = said(&error);
    match error.status() {
        Some(400) => Error::fault("path", "invalid_string", said),
        Some(403) => Error::Forbidden(said),
        Some(404) => Error::NotFound(Resource::File),
        Some(408) => Error::Timeout,
        Some(409) => Error::Conflict(said),
        Some(413) => Error::TooLarge(said),
        Some(507) => Error::Unavailable(format!(
            "the disk of the session's workspace is full; make room, and send it again ({said})"
        )),
        Some(500) => Error::internal(error),
        // By 401 a job says that it is not the one that answered a moment ago.
        status if status == Some(401) || error.is_passing() => {
            warn!(
                error = vwm_api::chain(&error),
                "A file call was lost with its session's job"
            );
            Error::Unavailable(said)
        }
        Some(_) | None => Error::internal(error),
    }
}

/// A harness's own sentence. What else there is to say names places of this machine, and is for the log.
fn said(error: &ClientError) -> String {
    match error {
        ClientError::Api { body, .. } => body.error.clone(),
        _ => {
            "the session's job was lost in the middle of the call; look at the file, and ask again"
                .to_owned()
        }
    }
}
