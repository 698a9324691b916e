//! One server, and how every call reaches it: addresses, the key, deadlines, trying again.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::ask::Ask;
use crate::backoff::Backoff;
use crate::error::ClientError;
use crate::harness::ByteStream;
use crate::{fault, path};

/// How long a stream of bytes may pause.
const SILENCE: Duration = Duration::from_secs(60);

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

    /// The same client, which makes a key for each call.
    pub(crate) fn without_idempotency_key(&self) -> Self {
        let mut client = self.clone();
        client.idempotency_key = None;
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
        let segments: Vec<String> = segments.iter().map(|it| path::segment(it)).collect();
        self.at_path(&segments.join("/"))
    }

    /// Likewise, of a path that is encoded.
    pub(crate) fn at_path(&self, encoded: &str) -> Url {
        let mut url = self.base.clone();
        let below = self.base.path().trim_end_matches('/');
        url.set_path(&format!("{below}/{encoded}"));
        url
    }

    /// Asks to read.
    pub(crate) fn get(&self, url: Url) -> Ask {
        Ask::new(Method::GET, url)
    }

    /// Asks to change something to what it then is.
    pub(crate) fn put(&self, url: Url, body: &impl Serialize) -> Result<Ask, ClientError> {
        let ask = Ask::new(Method::PUT, url);
        Ok(ask.with("application/json", self.json(body)?))
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
            Keyed::No => ask = ask.once(),
        }
        Ok(ask)
    }

    /// Asks to take something away.
    pub(crate) fn delete(&self, url: Url) -> Ask {
        Ask::new(Method::DELETE, url)
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

    /// Asks, and reads all bytes of the answer.
    pub(crate) async fn bytes(&self, ask: Ask) -> Result<Bytes, ClientError> {
        let mut backoff = Backoff::new(self.patience);
        let mut may_be_done = false;
        loop {
            let whole = async {
                let response = self.open(&ask).await?;
                let bytes = response.bytes().await;
                bytes.map_err(|error| fault::of(error, self.url(), ask.within))
            };
            let error = match whole.await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => error,
            };
            if may_be_done && ask.method == Method::DELETE && error.is_not_found() {
                // The try whose answer was lost took it away.
                return Ok(Bytes::new());
            }
            may_be_done |= !error.is_unreachable();
            if !may_ask_again(&ask, &error, &mut backoff).await {
                return Err(error);
            }
        }
    }

    /// Asks, and gives the bytes of the answer as they come; none for too long end it.
    pub(crate) async fn byte_stream(&self, ask: Ask) -> Result<ByteStream, ClientError> {
        let mut backoff = Backoff::new(self.patience);
        let response = loop {
            match self.head(&ask).await {
                Ok(response) => break response,
                Err(error) if may_ask_again(&ask, &error, &mut backoff).await => {}
                Err(error) => return Err(error),
            }
        };
        Ok(pieces(response, self.url().to_owned()))
    }

    /// Sends it, and waits so long for the answer's head alone; its body may take longer.
    pub(crate) async fn head(&self, ask: &Ask) -> Result<reqwest::Response, ClientError> {
        let answer = self.send(self.prepare(ask), ask.within);
        let Some(after) = ask.within else {
            return answer.await;
        };
        let to = self.url().to_owned();
        let answer = tokio::time::timeout(after, answer).await;
        answer.map_err(|_| ClientError::Silent { to, after })?
    }

    /// Sends it, and turns a refusal into an error; the body is still to come.
    pub(crate) async fn open(&self, ask: &Ask) -> Result<reqwest::Response, ClientError> {
        let mut request = self.prepare(ask);
        if let Some(within) = ask.within {
            request = request.timeout(within);
        }
        self.send(request, ask.within).await
    }

    /// Sends a body that is still being made, once.
    pub(crate) async fn send_stream(
        &self,
        ask: &Ask,
        media_type: &'static str,
        body: reqwest::Body,
    ) -> Result<(), ClientError> {
        let request = self.prepare(ask).header(CONTENT_TYPE, media_type);
        let response = self.send(request.body(body), ask.within).await?;
        let rest = response.bytes().await;
        rest.map_err(|error| fault::of(error, self.url(), ask.within))?;
        Ok(())
    }

    fn prepare(&self, ask: &Ask) -> RequestBuilder {
        let request = self.http.request(ask.method.clone(), ask.url.clone());
        let mut request = request.bearer_auth(&self.api_key);
        if let Some(body) = &ask.body {
            let bytes = body.bytes.clone();
            request = request.header(CONTENT_TYPE, body.media_type).body(bytes);
        }
        if let Some(key) = &ask.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        request
    }

    async fn send(
        &self,
        request: RequestBuilder,
        within: Option<Duration>,
    ) -> Result<reqwest::Response, ClientError> {
        let fault = |error| fault::of(error, self.url(), within);
        let response = request.send().await.map_err(fault)?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(fault::refusal(response).await.unwrap_or_else(fault))
    }
}

async fn may_ask_again(ask: &Ask, error: &ClientError, backoff: &mut Backoff) -> bool {
    ask.repeatable && error.is_passing() && backoff.wait(error.retry_after()).await
}

/// The body of an answer; its first error is its last word.
fn pieces(response: reqwest::Response, to: String) -> ByteStream {
    let bytes = Some(response.bytes_stream().boxed());
    stream::unfold(bytes, move |bytes| {
        let to = to.clone();
        async move {
            let mut bytes = bytes?;
            let after = SILENCE;
            match tokio::time::timeout(after, bytes.next()).await {
                Ok(Some(Ok(piece))) => Some((Ok(piece), Some(bytes))),
                Ok(Some(Err(error))) => Some((Err(fault::of(error, &to, None)), None)),
                Ok(None) => None,
                Err(_) => Some((Err(ClientError::Silent { to, after }), None)),
            }
        }
    })
    .boxed()
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
