//! One connection for each call: sends the request, waits for the answer's head, brings its body.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::StreamExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyDataStream, BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio_util::task::AbortOnDropHandle;
use vwm_api::harness::GENERATION_HEADER;

use super::{ByteStream, Endpoint, Harness, SYNCED};
use crate::Cause;
use crate::error::ClientError;

/// What one read may bring. A stream is held for as long as its session is active, and one that grew with its traffic never shrinks.
const READ: usize = 8 << 10;
/// The most bytes of an answer that is not a stream.
const ANSWER_MAX: usize = 16 << 20;

impl Harness {
    /// Asks for bytes that come as they are read; the answer's head is waited for here.
    pub(super) async fn stream(&self, url: &str) -> Result<(HeaderMap, ByteStream), ClientError> {
        let ask = self.ask(Method::GET, url, Full::new(Bytes::new()));
        let answer = self.within(SYNCED, ask).await?;
        let to = self.endpoint.to_string();
        let (body, driver) = (BodyDataStream::new(answer.body), answer.driver);
        let bytes = body.map(move |piece| {
            // The connection lives as long as its stream.
            let _driver = &driver;
            piece.map_err(|source| ClientError::Lost {
                to: to.clone(),
                source: source.into(),
            })
        });
        Ok((answer.headers, bytes.boxed()))
    }

    /// What takes longer has said nothing.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        match tokio::time::timeout(limit, call).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Silent {
                to: self.endpoint.to_string(),
                after: limit,
            }),
        }
    }

    /// Sends one request on a connection of its own, and turns a refusal into an error.
    pub(super) async fn ask<B>(
        &self,
        method: Method,
        url: &str,
        body: B,
    ) -> Result<Answer, ClientError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        let lost = |source: hyper::Error| ClientError::Lost {
            to: self.endpoint.to_string(),
            source: source.into(),
        };
        let socket = self.connect().await?;
        let (mut sender, connection) = http1::Builder::new()
            .read_buf_exact_size(Some(READ))
            .handshake(TokioIo::new(socket))
            .await
            .map_err(lost)?;
        // Ends by itself with the connection; at the latest when the answer is dropped.
        let driver = AbortOnDropHandle::new(tokio::spawn(async move {
            // Its error comes out of the request or the body as well.
            let _ = connection.await;
        }));
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(HOST, "harness")
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(GENERATION_HEADER, self.generation)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| ClientError::Protocol {
                to: self.endpoint.to_string(),
                what: format!("the request cannot be made: {error}"),
            })?;
        let response = sender.send_request(request).await.map_err(lost)?;
        let status = response.status();
        let (head, body) = response.into_parts();
        let mut answer = Answer {
            headers: head.headers,
            body,
            driver,
        };
        if !status.is_success() {
            let bytes = self.collect(&mut answer).await?;
            return Err(ClientError::refused(status.as_u16(), &bytes));
        }
        Ok(answer)
    }

    async fn connect(&self) -> Result<UnixStream, ClientError> {
        let Endpoint::Unix(path) = &self.endpoint;
        let mut tries = 0;
        loop {
            match UnixStream::connect(path).await {
                Ok(socket) => return Ok(socket),
                // Its queue of connections is full: somebody is there.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries < 50 => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(source) if source.kind() == io::ErrorKind::WouldBlock => {
                    return Err(ClientError::Lost {
                        to: self.endpoint.to_string(),
                        source: source.into(),
                    });
                }
                Err(source) => {
                    return Err(ClientError::Connect {
                        to: self.endpoint.to_string(),
                        source: source.into(),
                    });
                }
            }
        }
    }

    /// Reads an answer that is not a stream.
    pub(super) async fn collect(&self, answer: &mut Answer) -> Result<Bytes, ClientError> {
        let body = Limited::new(&mut answer.body, ANSWER_MAX);
        match body.collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(source) => Err(ClientError::Lost {
                to: self.endpoint.to_string(),
                source,
            }),
        }
    }
}

/// An answer whose body is still to come, and the task that brings it.
pub(super) struct Answer {
    headers: HeaderMap,
    body: Incoming,
    driver: AbortOnDropHandle<()>,
}
