//! One server, and how every call reaches it: addresses, the key, deadlines, trying again.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::error::{Cause, ClientError};

/// For calls that are answered from the database.
const PROMPTLY: Duration = Duration::from_secs(60);

/// One server, and the key to it. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    api_key: String,
    idempotency_key: Option<String>,
    patience: Duration,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// One request.
pub(crate) struct Ask {
    method: Method,
    url: Url,
    body: Option<Bytes>,
    idempotency_key: Option<String>,
    /// How long the whole answer may take; none for those that wait for an engine.
    within: Option<Duration>,
    /// Whether asking twice does no more than asking once.
    repeatable: bool,
}

impl Client {
    /// A client of the server at `base_url`; nothing is sent yet.
    pub fn new(base_url: &str, api_key: &str) -> Result<Self, ClientError> {
        let address = || ClientError::Address {
            url: base_url.to_owned(),
        };
        let base = Url::parse(base_url.trim_end_matches('/')).map_err(|_| address())?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(address());
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .tcp_keepalive(Duration::from_secs(20))
            .tcp_nodelay(true);
        if is_loopback(&base) {
            // A proxy for the outside knows nothing of this machine.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|source| ClientError::Connect {
            to: base_url.to_owned(),
            source: source.into(),
        })?;
        Ok(Self {
            http,
            base,
            api_key: api_key.to_owned(),
            idempotency_key: None,
            patience: Duration::ZERO,
        })
    }

    /// The same client, whose new sessions and prompts carry this `Idempotency-Key` instead of one made for each call.
    #[must_use]
    pub fn idempotent(&self, key: &str) -> Self {
        let mut client = self.clone();
        client.idempotency_key = Some(key.to_owned());
        client
    }

    /// The same client, which asks again for so long while the server is away or busy, where asking twice does no harm.
    #[must_use]
    pub fn patient(&self, patience: Duration) -> Self {
        let mut client = self.clone();
        client.patience = patience;
        client
    }

    pub(crate) fn is_patient(&self) -> bool {
        !self.patience.is_zero()
    }

    /// The server's address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// An address below the server's own.
    pub(crate) fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Asks to read.
    pub(crate) fn get(&self, url: Url) -> Ask {
        Ask {
            method: Method::GET,
            url,
            body: None,
            idempotency_key: None,
            within: Some(PROMPTLY),
            repeatable: true,
        }
    }

    /// Asks to change something to what it then is.
    pub(crate) fn put(&self, url: Url, body: &impl Serialize) -> Result<Ask, ClientError> {
        let mut ask = self.get(url);
        ask.method = Method::PUT;
        ask.body = Some(self.json(body)?);
        Ok(ask)
    }

    /// Asks to make something; with `keyed` it carries an idempotency key, and asking twice makes it once.
    pub(crate) fn post(
        &self,
        url: Url,
        body: &impl Serialize,
        keyed: Keyed,
    ) -> Result<Ask, ClientError> {
        let mut ask = self.put(url, body)?;
        ask.method = Method::POST;
        match keyed {
            Keyed::Yes => ask.idempotency_key = Some(self.new_idempotency_key()),
            Keyed::No => ask.repeatable = false,
        }
        Ok(ask)
    }

    /// Asks to take something away.
    pub(crate) fn delete(&self, url: Url) -> Ask {
        let mut ask = self.get(url);
        ask.method = Method::DELETE;
        ask
    }

    pub(crate) fn new_idempotency_key(&self) -> String {
        match &self.idempotency_key {
            Some(key) => key.clone(),
            None => Uuid::now_v7().to_string(),
        }
    }

    pub(crate) fn json(&self, body: &impl Serialize) -> Result<Bytes, ClientError> {
        match serde_json::to_vec(body) {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(self.unexpected(format!("the body cannot be JSON: {error}"))),
        }
    }

    pub(crate) fn unexpected(&self, what: String) -> ClientError {
        ClientError::Protocol {
            to: self.url().to_owned(),
            what,
        }
    }

    /// Asks, and reads the answer.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, ClientError> {
        let bytes = self.bytes(ask).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| self.unexpected(format!("the answer cannot be read: {error}")))
    }

    /// Asks, and needs no more than that it was done.
    pub(crate) async fn done(&self, ask: Ask) -> Result<(), ClientError> {
        self.bytes(ask).await.map(|_| ())
    }

    async fn bytes(&self, ask: Ask) -> Result<Bytes, ClientError> {
        let mut backoff = Backoff::new(self.patience);
        loop {
            let whole = async {
                let response = self.open(&ask).await?;
                response.bytes().await.map_err(|error| self.fault(error))
            };
            let error = match whole.await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => error,
            };
            if !ask.repeatable || !error.is_passing() || !backoff.wait().await {
                return Err(error);
            }
        }
    }

    /// Sends it, and turns a refusal into an error; the body is still to come.
    pub(crate) async fn open(&self, ask: &Ask) -> Result<reqwest::Response, ClientError> {
        let mut request = self
            .http
            .request(ask.method.clone(), ask.url.clone())
            .bearer_auth(&self.api_key);
        if let Some(body) = &ask.body {
            request = request
                .header("content-type", "application/json")
                .body(body.clone());
        }
        if let Some(key) = &ask.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(within) = ask.within {
            request = request.timeout(within);
        }
        let response = request.send().await.map_err(|error| self.fault(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.map_err(|error| self.fault(error))?;
        Err(ClientError::refused(status.as_u16(), &body))
    }

    pub(crate) fn fault(&self, error: reqwest::Error) -> ClientError {
        let to = self.url().to_owned();
        if error.is_connect() {
            ClientError::Connect {
                to,
                source: root(&error),
            }
        } else if error.is_timeout() {
            ClientError::Silent {
                to,
                after: PROMPTLY,
            }
        } else {
            ClientError::Lost {
                to,
                source: root(&error),
            }
        }
    }
}

/// What the system said, without the layers that only say that something below them failed.
fn root(error: &reqwest::Error) -> Cause {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string().into()
}

impl Ask {
    /// The answer comes when an engine is done: nothing bounds it here.
    pub(crate) fn however_long(mut self) -> Self {
        self.within = None;
        self
    }
}

/// Whether a call carries an `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// Asking twice makes it once.
    Yes,
    /// It is asked once.
    No,
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}
