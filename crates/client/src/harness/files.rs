//! The workspace's files: listed, read and written as they stream.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::Method;
use http::header::CONTENT_LENGTH;
use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use tokio::sync::watch;
use tokio::time::timeout;
use vwm_api::FileList;
use vwm_api::harness::FileWritten;

use super::{ByteStream, Harness, SILENCE, SYNCED};
use crate::error::{Cause, ClientError};
use crate::path;

impl Harness {
    /// Lists a folder of the workspace; an empty path or `.` is its root.
    pub async fn list_files(&self, path: &str) -> Result<FileList, ClientError> {
        self.get(&format!("/files?path={}", path::segment(path)), SYNCED)
            .await
    }

    /// Opens a file; tells how long it was then, and gives just so many bytes or an error. Silence of a minute ends it.
    pub async fn read_file(&self, path: &str) -> Result<(u64, ByteStream), ClientError> {
        let (headers, bytes) = self.stream(&file(path)).await?;
        let length = headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .ok_or_else(|| ClientError::Protocol {
                to: self.endpoint.to_string(),
                what: "a file came without its length".to_owned(),
            })?;
        Ok((length, self.unless_silent(bytes)))
    }

    /// Writes a file of at most `max` bytes as they come. A body that fails, or is given up, changes nothing there.
    pub async fn write_file<S, E>(
        &self,
        path: &str,
        max: u64,
        body: S,
    ) -> Result<FileWritten, ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Cause> + 'static,
    {
        // With each piece that the connection takes, somebody is known to be there.
        let (taken, mut news) = watch::channel(());
        let frames = body.map(move |piece| {
            taken.send_replace(());
            piece.map(Frame::data).map_err(Into::<Cause>::into)
        });
        let url = format!("{}&max={max}", file(path));
        let asked = self.ask(Method::PUT, &url, StreamBody::new(frames));
        let mut asked = std::pin::pin!(asked);
        let mut answer = loop {
            tokio::select! {
                biased;
                answer = &mut asked => break answer?,
                moved = timeout(SILENCE, news.changed()) => match moved {
                    Ok(Ok(())) => {}
                    // All of it is sent.
                    Ok(Err(_)) => break self.within(SILENCE, asked).await?,
                    Err(_) => return Err(self.silent(SILENCE)),
                },
            }
        };
        let bytes = self.within(SYNCED, self.collect(&mut answer)).await?;
        self.read_answer(&url, &bytes)
    }

    /// Removes a file or a link.
    pub async fn delete_file(&self, path: &str) -> Result<(), ClientError> {
        let url = file(path);
        let ask = self.ask(Method::DELETE, &url, Full::new(Bytes::new()));
        self.within(SYNCED, ask).await.map(drop)
    }

    /// The same bytes; a wait that is too long for any disk is an error, and the last that comes.
    fn unless_silent(&self, bytes: ByteStream) -> ByteStream {
        let harness = self.clone();
        stream::unfold(Some(bytes), move |bytes| {
            let silent = harness.silent(SILENCE);
            async move {
                let mut bytes = bytes?;
                match timeout(SILENCE, bytes.next()).await {
                    Ok(piece) => piece.map(|piece| (piece, Some(bytes))),
                    Err(_) => Some((Err(silent), None)),
                }
            }
        })
        .boxed()
    }

    fn silent(&self, after: Duration) -> ClientError {
        ClientError::Silent {
            to: self.endpoint.to_string(),
            after,
        }
    }
}

fn file(path: &str) -> String {
    format!("/file?path={}", path::segment(path))
}
