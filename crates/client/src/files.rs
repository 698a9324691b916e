//! Files of a session's workspace: list, read, write, delete; up and down as streams of any length; the record of what was written.
//!
//! A path is relative to the workspace's root. Each of these calls resumes a suspended session, which may take a while.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Stream, TryStreamExt};
use reqwest::{Method, Url};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;
use vwm_api::{FileChange, FileList, SessionId};

use crate::ask::Ask;
use crate::client::Client;
use crate::error::{Cause, ClientError};
use crate::fault::Unreadable;
use crate::harness::ByteStream;
use crate::path;

/// For calls that a session may have to be resumed for.
const RESUMED: Duration = Duration::from_secs(300);

/// How many file changes are asked for at once: as many as a server tells.
const PAGE: usize = 1000;

const BYTES: &str = "application/octet-stream";

impl Client {
    /// Lists a folder; `.` is the workspace's root.
    pub async fn list_files(
        &self,
        session: SessionId,
        path: &str,
    ) -> Result<FileList, ClientError> {
        let mut url = self.at(&["sessions", &session.to_string(), "files"]);
        url.query_pairs_mut().append_pair("path", path);
        self.answer(self.get(url).within(RESUMED)).await
    }

    /// Reads a whole file into memory; [`Client::download_file`] is for large ones.
    pub async fn read_file(&self, session: SessionId, path: &str) -> Result<Bytes, ClientError> {
        // Not the call for text: to that one a file in a folder `download` cannot be named.
        let url = self.file_url(session, "files/download", path)?;
        self.bytes(self.get(url).within(RESUMED)).await
    }

    /// Writes a file, with the folders above it; asking again with the same content changes nothing.
    pub async fn write_file(
        &self,
        session: SessionId,
        path: &str,
        content: impl Into<Bytes>,
    ) -> Result<(), ClientError> {
        let url = self.file_url(session, "files", path)?;
        let ask = Ask::new(Method::PUT, url).with("text/plain; charset=utf-8", content.into());
        self.done(ask.within(RESUMED)).await
    }

    /// Deletes a file.
    pub async fn delete_file(&self, session: SessionId, path: &str) -> Result<(), ClientError> {
        let url = self.file_url(session, "files", path)?;
        self.done(self.delete(url).within(RESUMED)).await
    }

    /// Writes a file of any length as its content comes; it is sent once, and a stream that breaks off changes no file.
    pub async fn upload_file<S, E>(
        &self,
        session: SessionId,
        path: &str,
        content: S,
    ) -> Result<(), ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Cause> + 'static,
    {
        let ask = self.upload(session, path).once().however_long();
        let content = content.map_err(|error| Unreadable(error.into()));
        let body = reqwest::Body::wrap_stream(content);
        self.send_stream(&ask, BYTES, body).await
    }

    /// As [`Client::upload_file`], from what can be read: a file, a pipe, standard input.
    pub async fn upload_from(
        &self,
        session: SessionId,
        path: &str,
        reader: impl AsyncRead + Send + 'static,
    ) -> Result<(), ClientError> {
        self.upload_file(session, path, ReaderStream::new(reader))
            .await
    }

    /// As [`Client::upload_file`], of what is in memory; asking again changes nothing.
    pub async fn upload_bytes(
        &self,
        session: SessionId,
        path: &str,
        content: impl Into<Bytes>,
    ) -> Result<(), ClientError> {
        let ask = self.upload(session, path).with(BYTES, content.into());
        self.done(ask.however_long()).await
    }

    /// Reads a file of any length as its bytes come.
    pub async fn download_file(
        &self,
        session: SessionId,
        path: &str,
    ) -> Result<ByteStream, ClientError> {
        let url = self.file_url(session, "files/download", path)?;
        self.byte_stream(self.get(url).within(RESUMED)).await
    }

    /// Returns what file calls have changed in a session, or tried to, oldest first: all of it, page by page.
    pub async fn file_changes(&self, session: SessionId) -> Result<Vec<FileChange>, ClientError> {
        let mut changes: Vec<FileChange> = Vec::new();
        loop {
            let mut url = self.at(&["sessions", &session.to_string(), "file-changes"]);
            url.query_pairs_mut()
                .append_pair("limit", &PAGE.to_string());
            if let Some(last) = changes.last() {
                url.query_pairs_mut()
                    .append_pair("after", &last.id.to_string());
            }
            let page: Vec<FileChange> = self.answer(self.get(url)).await?;
            let is_last = page.len() < PAGE;
            changes.extend(page);
            if is_last {
                return Ok(changes);
            }
        }
    }

    fn upload(&self, session: SessionId, path: &str) -> Ask {
        let mut url = self.at(&["sessions", &session.to_string(), "files", "upload"]);
        url.query_pairs_mut().append_pair("path", path);
        Ask::new(Method::POST, url)
    }

    fn file_url(&self, session: SessionId, call: &str, path: &str) -> Result<Url, ClientError> {
        match path::segments(path) {
            Some(encoded) => Ok(self.at_path(&format!("sessions/{session}/{call}/{encoded}"))),
            None => Err(ClientError::Path {
                path: path.to_owned(),
            }),
        }
    }
}
