//! The files of a session's workspace: list, read, write, remove, upload, download, and what was changed.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::StatusCode;
use http::header::{self, HeaderName};
use http::request::Parts;
use vwm_api::{ErrorBody, FileAction, FileChange, FileChangeId, FileList, Key, SessionId};

use super::access::Caller;
use super::extract::{KnownSession, Query};
use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;
use crate::service::files::{self, FilePath, OpenFile, Sent};
use crate::service::sessions;

/// The calls whose names are also names of files: what another method asks for there is the file.
const DOWNLOAD: &str = "download/";
const UPLOAD: &str = "upload";

/// How long the rest of a refused body is taken.
const LINGER: Duration = Duration::from_secs(5);

/// A session that there is, and a file of it that there may be.
pub(super) struct SessionFile {
    session: SessionId,
    path: FilePath,
}

impl FromRequestParts<Arc<App>> for SessionFile {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        // Not by `Id`: the path behind it may be no text.
        let id = parts.uri.path().split('/').nth(2).unwrap_or_default();
        let id = id.parse::<SessionId>();
        let session = id.map_err(|_| Error::NotFound(Resource::Session))?;
        sessions::show(app, session).await?;
        let pattern = parts.extensions.get::<MatchedPath>();
        let pattern = pattern.map_or_else(String::new, |pattern| pattern.as_str().to_owned());
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| files::path_fault("it is not UTF-8"))?;
        let rest = params.iter().find(|(name, _)| *name == "path");
        let rest = rest.map_or("", |(_, path)| path);
        let path = match pattern.rsplit_once("/files/") {
            Some((_, UPLOAD)) => UPLOAD.to_owned(),
            Some((_, tail)) if tail.starts_with(DOWNLOAD) => format!("{DOWNLOAD}{rest}"),
            _ => rest.to_owned(),
        };
        let path = FilePath::of_file(path)?;
        Ok(Self { session, path })
    }
}

/// Lists a folder of the workspace; the root where no path is given.
#[utoipa::path(
    get, path = "/sessions/{session}/files", tag = "files", operation_id = "listFiles",
    params(("path" = Option<String>, Query, description = "The folder, relative to the workspace's root")),
    responses(
        (status = 200, body = FileList),
        (status = 409, body = ErrorBody, description = "The session serves no files now, or has none any more"),
    )
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    KnownSession(session): KnownSession,
    Query(query): Query,
) -> Result<Json<FileList>, Error> {
    Ok(Json(files::list(&app, session, query).await?))
}

/// Reads a file, to be looked at.
#[utoipa::path(
    get, path = "/sessions/{session}/files/{*path}", tag = "files", operation_id = "readFile",
    responses(
        (status = 200, content_type = "text/plain; charset=utf-8", body = String, description = "The file as it is, whatever it holds"),
        (status = 400, body = ErrorBody, description = "The path leaves the workspace, goes through a link, or names no regular file"),
        (status = 409, body = ErrorBody, description = "The session serves no files now, or has none any more"),
    )
)]
pub(super) async fn read(
    State(app): State<Arc<App>>,
    SessionFile { session, path }: SessionFile,
) -> Result<Response, Error> {
    let file = files::read(&app, session, &path).await?;
    let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    Ok(([kind], answer(file)).into_response())
}

/// Downloads a file, to be kept.
#[utoipa::path(
    get, path = "/sessions/{session}/files/download/{*path}", tag = "files", operation_id = "downloadFile",
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>, description = "The file as it is",
            headers(("Content-Disposition" = String, description = "`attachment`, with the file's name"))),
        (status = 400, body = ErrorBody, description = "The path leaves the workspace, goes through a link, or names no regular file"),
        (status = 409, body = ErrorBody, description = "The session serves no files now, or has none any more"),
    )
)]
pub(super) async fn download(
    State(app): State<Arc<App>>,
    SessionFile { session, path }: SessionFile,
) -> Result<Response, Error> {
    let path = path.below(DOWNLOAD)?;
    let file = files::read(&app, session, &path).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, attachment(path.name())),
    ];
    Ok((headers, answer(file)).into_response())
}

/// Writes a file as the body comes, whatever its kind: all of it, or nothing.
#[utoipa::path(
    put, path = "/sessions/{session}/files/{*path}", tag = "files", operation_id = "writeFile",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file: text, JSON or anything else, written as it came; any content type is taken"),
    responses(
        (status = 204, description = "It is written"),
        (status = 400, body = ErrorBody, description = "The path leaves the workspace, goes through a link, or is not a regular file's"),
        (status = 403, body = ErrorBody, description = "The key may not write, or the path is in `worker_repo/` outside `learnings/`"),
        (status = 409, body = ErrorBody, description = "The session serves no files now, or has none any more"),
        (status = 507, body = ErrorBody, description = "The server's disk has no room for it"),
    )
)]
pub(super) async fn write(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    SessionFile { session, path }: SessionFile,
    body: Body,
) -> Result<StatusCode, Error> {
    take(&app, &caller, session, FileAction::Write, path, body).await
}

/// Uploads a file: as `PUT`, with the path in the query.
#[utoipa::path(
    post, path = "/sessions/{session}/files/upload", tag = "files", operation_id = "uploadFile",
    params(("path" = String, Query, min_length = 1, description = "Where to, relative to the workspace's root")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file; any content type is taken"),
    responses(
        (status = 204, description = "It is written"),
        (status = 403, body = ErrorBody, description = "The key may not write, or the path is in `worker_repo/` outside `learnings/`"),
        (status = 409, body = ErrorBody, description = "The session serves no files now, or has none any more"),
        (status = 507, body = ErrorBody, description = "The server's disk has no room for it"),
    )
)]
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    KnownSession(session): KnownSession,
    Query(mut query): Query,
    body: Body,
) -> Result<StatusCode, Error> {
    let path = query.required("path", Input::text);
    query.close()?;
    let path = FilePath::of_file(path.unwrap_or_default())?;
    take(&app, &caller, session, FileAction::Upload, path, body).await
}

/// Removes a file, or a link.
#[utoipa::path(
    delete, path = "/sessions/{session}/files/{*path}", tag = "files", operation_id = "deleteFile",
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, body = ErrorBody, description = "The path leaves the workspace, goes through a link, or names a folder"),
        (status = 403, body = ErrorBody, description = "The key may not write, or the path is in `worker_repo/` outside `learnings/`"),
        (status = 409, body = ErrorBody, description = "The session serves no files now, or has none any more"),
    )
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    SessionFile { session, path }: SessionFile,
) -> Result<StatusCode, Error> {
    files::delete(&app, &caller, session, path).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists what was changed through these calls, oldest first: who, when, what, and how it ended.
#[utoipa::path(
    get, path = "/sessions/{session}/file-changes", tag = "files", operation_id = "listFileChanges",
    params(
        ("after" = Option<FileChangeId>, Query, description = "Only what follows this one"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "At most so many; 1000 unless set"),
    ),
    responses((status = 200, body = [FileChange]))
)]
pub(super) async fn changes(
    State(app): State<Arc<App>>,
    KnownSession(session): KnownSession,
    Query(query): Query,
) -> Result<Json<Vec<FileChange>>, Error> {
    Ok(Json(files::changes(&app, session, query).await?))
}

async fn take(
    app: &Arc<App>,
    caller: &Key,
    session: SessionId,
    action: FileAction,
    path: FilePath,
    body: Body,
) -> Result<StatusCode, Error> {
    let length = HttpBody::size_hint(&body).exact();
    let mut body = body.into_data_stream();
    let sent = Sent {
        action,
        path,
        length,
        body: &mut body,
    };
    let written = files::write(app, caller, session, sent).await;
    if written.is_err() {
        let stop = app.stop.clone();
        app.tasks.spawn(async move {
            tokio::select! {
                () = throw_away(body) => {}
                () = stop.cancelled() => {}
            }
        });
    }
    written.map(|()| StatusCode::NO_CONTENT)
}

/// Takes for a while what still comes of a refused body: who is cut off in the middle of sending never reads why.
async fn throw_away(mut body: BodyDataStream) {
    let rest = async { while let Some(Ok(_)) = body.next().await {} };
    // Who sends on after that does not listen.
    let _ = tokio::time::timeout(LINGER, rest).await;
}

/// The bytes of a file, which no browser shall take for more than its content type says.
fn answer(file: OpenFile) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_LENGTH, file.length.to_string()),
        (
            HeaderName::from_static("x-content-type-options"),
            "nosniff".to_owned(),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Body::from_stream(file.bytes))
}

/// The header that names an attachment: plain for old clients, and exact as RFC 5987 writes it.
fn attachment(name: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || " -_.()+,".contains(*letter);
    let plain: String = name
        .chars()
        .map(|letter| if is_plain(&letter) { letter } else { '_' })
        .collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            exact += &format!("%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}
