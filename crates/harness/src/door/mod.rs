//! The model door: what an engine takes for its provider. It checks the session's token, puts the credential in, asks again
//! where that helps, and counts what is used.

mod answer;
pub mod failure;
mod ledger;
mod limit;
mod meter;
mod request;
#[cfg(test)]
mod tests;
mod upstream;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use vwm_api::harness::Provider;
use vwm_api::{AgentEvent, SubsessionId, TurnError};

use ledger::Open;
pub use ledger::{Traffic, Usage};
pub use limit::Limits;
use request::Api;
use upstream::Call;

/// The name of the Anthropic API among the providers.
const ANTHROPIC: &str = "anthropic";

/// An open model door. It closes when it is dropped.
#[derive(Debug)]
pub struct Door {
    shared: Arc<Shared>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    /// Of the token: two hashes are equally long.
    token: blake3::Hash,
    providers: RwLock<BTreeMap<String, Provider>>,
    client: OnceLock<Result<reqwest::Client, String>>,
    ledger: ledger::Ledger,
    limits: Limits,
    sink: UnboundedSender<(SubsessionId, AgentEvent)>,
    stopped: CancellationToken,
}

impl Door {
    /// Opens a door on a free port of loopback, inside a tokio runtime. `token` is what engines show as their key; notices go to
    /// `sink`.
    pub fn start(
        token: String,
        sink: UnboundedSender<(SubsessionId, AgentEvent)>,
    ) -> io::Result<Self> {
        Self::start_with(token, sink, Limits::default())
    }

    /// Opens a door that is more or less patient.
    pub fn start_with(
        token: String,
        sink: UnboundedSender<(SubsessionId, AgentEvent)>,
        limits: Limits,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let shared = Arc::new(Shared {
            token: blake3::hash(token.as_bytes()),
            providers: RwLock::default(),
            client: OnceLock::new(),
            ledger: ledger::Ledger::default(),
            limits,
            sink,
            stopped: CancellationToken::new(),
        });
        let app = Router::new().fallback(serve).with_state(shared.clone());
        let stopped = shared.stopped.clone().cancelled_owned();
        tokio::spawn(async move {
            // It ends by the token alone: accepting goes on after errors.
            let _ = axum::serve(listener, app)
                .with_graceful_shutdown(stopped)
                .await;
        });
        Ok(Self { shared, address })
    }

    /// Says where the models are and with which keys. The next request sees it.
    pub fn set_providers(&self, providers: BTreeMap<String, Provider>) {
        *self
            .shared
            .providers
            .write()
            .unwrap_or_else(PoisonError::into_inner) = providers;
    }

    /// Returns what a conversation's engine takes for its provider's address; from then on the door is open for it.
    #[must_use]
    pub fn url(&self, subsession: SubsessionId) -> String {
        self.shared.ledger.open(subsession);
        format!("http://{}/model/{subsession}", self.address)
    }

    /// Returns what a conversation has used since the door was opened. What an engine has seen of an answer is in it.
    #[must_use]
    pub fn usage(&self, subsession: SubsessionId) -> Usage {
        self.shared.ledger.usage(subsession)
    }

    /// Returns what goes on between a conversation and its model just now.
    #[must_use]
    pub fn traffic(&self, subsession: SubsessionId) -> Traffic {
        self.shared.ledger.traffic(subsession)
    }

    /// Forgets how the model failed before: a turn begins.
    pub fn begin(&self, subsession: SubsessionId) {
        self.shared.ledger.begin(subsession);
    }

    /// Returns how the model failed in the end since the turn began; none when its last answer came whole.
    #[must_use]
    pub fn last_failure(&self, subsession: SubsessionId) -> Option<TurnError> {
        self.shared.ledger.failure(subsession)
    }

    /// Closes the door; answers under way are cut.
    pub fn stop(&self) {
        self.shared.stopped.cancel();
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn provider(&self, name: &str) -> Option<Provider> {
        self.providers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    fn client(&self) -> Result<&reqwest::Client, String> {
        let client = self.client.get_or_init(|| {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(self.limits.connect)
                .build()
                .map_err(|error| error.to_string())
        });
        client.as_ref().map_err(Clone::clone)
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if !request::shows_token(request.headers(), &shared.token) {
        return answer::error(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "this is the door of another session: its key is not the one shown",
        );
    }
    let (parts, body) = request.into_parts();
    let route = request::route(&parts.method, parts.uri.path());
    // What a made-up conversation used would be counted to nobody.
    let known = route.filter(|(subsession, ..)| shared.ledger.is_open(*subsession));
    let Some((subsession, api, path)) = known else {
        return answer::error(
            StatusCode::NOT_FOUND,
            "not_found_error",
            "the door passes on /v1/messages, /v1/messages/count_tokens and /v1/models only, at the address that the engine was told",
        );
    };
    if api == Api::Probe {
        return Response::default();
    }
    let Ok(body) = axum::body::to_bytes(body, shared.limits.body).await else {
        let error = failure::of_status(413, "the door passes on at most 64 MiB", None);
        return answer::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            &error.message,
        );
    };
    let call = Call {
        subsession,
        api,
        path: match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        },
        headers: request::onward(&parts.headers),
        method: parts.method,
        is_stream: is_stream(&body),
        body,
    };
    pass_on(shared, call).await
}

async fn pass_on(shared: Arc<Shared>, call: Call) -> Response {
    let Some(provider) = shared.provider(ANTHROPIC) else {
        let error = failure::no_provider();
        shared.ledger.failed(call.subsession, error.clone());
        return answer::error(StatusCode::SERVICE_UNAVAILABLE, "api_error", &error.message);
    };
    let is_counted = call.api == Api::Messages;
    if is_counted && shared.ledger.broken(call.subsession) > shared.limits.tries_after_break {
        // An engine that asks for ever must not hold its turn for ever; the failure is recorded already.
        return answer::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "api_error",
            "the model's answers broke off again and again; end the turn",
        );
    }
    let open = Open::new(&shared, call.subsession);
    match upstream::ask(&shared, &provider, &call).await {
        Ok(reply) => answer::relay(shared, open, call.subsession, call.api, reply),
        Err(failed) => {
            if is_counted {
                shared.ledger.failed(call.subsession, failed.error.clone());
            }
            answer::given_up(&failed)
        }
    }
}

fn is_stream(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(default)]
        stream: bool,
    }
    serde_json::from_slice::<Asked>(body).is_ok_and(|asked| asked.stream)
}
