//! How the server speaks to one harness: typed calls over its socket, a connection each. The protocol is `vwm_api::harness`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyDataStream, BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio_util::task::AbortOnDropHandle;
use vwm_api::TurnId;
use vwm_api::harness::{
    EndOrder, GENERATION_HEADER, HarnessState, Health, Record, Setup, TurnAck, TurnOrder,
};

use crate::error::ClientError;
use crate::{path, sse};

/// Where a harness listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A UNIX socket on this machine.
    Unix(PathBuf),
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "the harness at {}", path.display()),
        }
    }
}

/// One harness, as the owner of one generation speaks to it.
#[derive(Clone)]
pub struct Harness {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// The job token.
    pub token: String,
    /// The caller's job.
    pub generation: i64,
}

impl std::fmt::Debug for Harness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Harness")
            .field("endpoint", &self.endpoint)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Bytes as they come.
pub type ByteStream = BoxStream<'static, Result<Bytes, ClientError>>;
/// Journal records as they come.
pub type RecordStream = BoxStream<'static, Result<Record, ClientError>>;

/// For answers that are there at once.
const PROMPTLY: Duration = Duration::from_secs(10);
/// For answers that follow from something synced to a disk.
const SYNCED: Duration = Duration::from_secs(30);
/// For the long poll, which the harness holds for up to 20 s.
const POLLED: Duration = Duration::from_secs(35);
/// A stream without even a comment for so long has lost its other side.
const SILENCE: Duration = Duration::from_secs(60);
/// What one read may bring. A stream is held for as long as its session is active, and one that grew with its traffic never shrinks.
const READ: usize = 8 << 10;
/// The most bytes of an answer that is not a stream.
const ANSWER_MAX: usize = 16 << 20;

impl Harness {
    /// Asks who it is and how far its journal goes.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get("/health", PROMPTLY).await
    }

    /// Tells it everything of its session; asking again with the same changes nothing.
    pub async fn put_session(&self, setup: &Setup) -> Result<HarnessState, ClientError> {
        self.put("/session", setup, SYNCED).await
    }

    /// Tells how far it is; with a version it waits up to 20 s for a newer one.
    pub async fn state(&self, after: Option<u64>) -> Result<HarnessState, ClientError> {
        match after {
            Some(version) => self.get(&format!("/session?after={version}"), POLLED).await,
            None => self.get("/session", PROMPTLY).await,
        }
    }

    /// Gives it a turn; asking twice runs it once.
    pub async fn start_turn(&self, order: &TurnOrder) -> Result<TurnAck, ClientError> {
        self.put(&format!("/turns/{}", order.turn), order, SYNCED)
            .await
    }

    /// Stops a turn.
    pub async fn abort_turn(&self, turn: TurnId) -> Result<TurnAck, ClientError> {
        let url = format!("/turns/{turn}/abort");
        self.call(Method::PUT, &url, Bytes::new(), SYNCED).await
    }

    /// Begins the session's end, or asks how far it is.
    pub async fn end(&self, order: &EndOrder) -> Result<HarnessState, ClientError> {
        self.put("/end", order, SYNCED).await
    }

    /// Reads the journal after `n`: what was, then what comes. The stream ends when the harness does, and after its first error.
    #[must_use]
    pub fn records(&self, after: i64) -> RecordStream {
        let harness = self.clone();
        futures_util::stream::once(async move {
            let to = harness.endpoint.to_string();
            let bytes = harness.stream(&format!("/events?after={after}")).await?;
            let records = sse::frames(bytes.map_err(unwrap_lost), to.clone(), SILENCE);
            Ok::<_, ClientError>(records.map(move |frame| {
                let frame = frame?;
                serde_json::from_str(&frame.data).map_err(|error| ClientError::Protocol {
                    to: to.clone(),
                    what: format!("a record cannot be read: {error}"),
                })
            }))
        })
        .try_flatten()
        .boxed()
    }

    /// Fetches something that is kept beyond the volume.
    pub async fn collected(&self, name: &str) -> Result<ByteStream, ClientError> {
        self.stream(&format!("/collected/{}", path::segment(name)))
            .await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        url: &str,
        within: Duration,
    ) -> Result<T, ClientError> {
        self.call(Method::GET, url, Bytes::new(), within).await
    }

    async fn put<T: DeserializeOwned>(
        &self,
        url: &str,
        body: &impl Serialize,
        within: Duration,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Protocol {
            to: self.endpoint.to_string(),
            what: format!("the order cannot be written as JSON: {error}"),
        })?;
        self.call(Method::PUT, url, body.into(), within).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &str,
        body: Bytes,
        within: Duration,
    ) -> Result<T, ClientError> {
        let whole = async {
            let mut answer = self.ask(method, url, body).await?;
            let bytes = self.collect(&mut answer).await?;
            serde_json::from_slice(&bytes).map_err(|error| ClientError::Protocol {
                to: self.endpoint.to_string(),
                what: format!("the answer of {url} cannot be read: {error}"),
            })
        };
        self.within(within, whole).await
    }

    async fn stream(&self, url: &str) -> Result<ByteStream, ClientError> {
        let answer = self
            .within(SYNCED, self.ask(Method::GET, url, Bytes::new()))
            .await?;
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
        Ok(bytes.boxed())
    }

    async fn within<T>(
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
    async fn ask(&self, method: Method, url: &str, body: Bytes) -> Result<Answer, ClientError> {
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
            .body(Full::new(body))
            .map_err(|error| ClientError::Protocol {
                to: self.endpoint.to_string(),
                what: format!("the request cannot be made: {error}"),
            })?;
        let response = sender.send_request(request).await.map_err(lost)?;
        let status = response.status();
        let mut answer = Answer {
            body: response.into_body(),
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

    async fn collect(&self, answer: &mut Answer) -> Result<Bytes, ClientError> {
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
struct Answer {
    body: Incoming,
    driver: AbortOnDropHandle<()>,
}

/// The cause of a lost stream, so that it is not told twice.
fn unwrap_lost(error: ClientError) -> crate::Cause {
    match error {
        ClientError::Lost { source, .. } => source,
        other => other.into(),
    }
}
