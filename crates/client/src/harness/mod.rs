//! How the server speaks to one harness: typed calls over its socket, a connection each. The protocol is `vwm_api::harness`.

mod connection;
mod files;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use http::Method;
use http_body_util::Full;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vwm_api::harness::{EndOrder, HarnessState, Health, Record, Setup, TurnAck, TurnOrder};
use vwm_api::{SubsessionId, TurnId};

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

    /// Lets the engine of a conversation go; one that has a turn stays, and the state says so.
    pub async fn let_engine_go(
        &self,
        subsession: SubsessionId,
    ) -> Result<HarnessState, ClientError> {
        let url = format!("/engines/{subsession}/let-go");
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
            let (_, bytes) = harness.stream(&format!("/events?after={after}")).await?;
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
        let url = format!("/collected/{}", path::segment(name));
        self.stream(&url).await.map(|(_, bytes)| bytes)
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
            let mut answer = self.ask(method, url, Full::new(body)).await?;
            let bytes = self.collect(&mut answer).await?;
            self.read_answer(url, &bytes)
        };
        self.within(within, whole).await
    }

    fn read_answer<T: DeserializeOwned>(&self, url: &str, bytes: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(bytes).map_err(|error| ClientError::Protocol {
            to: self.endpoint.to_string(),
            what: format!("the answer of {url} cannot be read: {error}"),
        })
    }
}

/// The cause of a lost stream, so that it is not told twice.
fn unwrap_lost(error: ClientError) -> crate::Cause {
    match error {
        ClientError::Lost { source, .. } => source,
        other => other.into(),
    }
}
