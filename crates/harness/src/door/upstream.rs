//! Asks the provider, and asks again where that helps: the engines' own patience is switched off, the door's is bounded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use vwm_api::harness::Provider;
use vwm_api::{AgentEvent, SubsessionId, TurnError};

use super::limit::{self, Limits};
use super::request::Api;
use super::{Shared, failure};

/// The most of an error's body that is read.
const ERROR_BODY: usize = 256 << 10;

/// One request of an engine, ready to be sent on as often as it takes.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) subsession: SubsessionId,
    pub(super) api: Api,
    pub(super) method: Method,
    /// Below the provider's base URL, with the query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Whether the answer is to be streamed: then silence before it means trouble.
    pub(super) is_stream: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failed {
    /// What the engine is told.
    pub(super) status: StatusCode,
    /// The provider's name for it, or ours.
    pub(super) kind: String,
    /// What the engine is told in words.
    pub(super) message: String,
    /// The provider's headers, cut to what an engine may see.
    pub(super) headers: HeaderMap,
    /// What the person is told.
    pub(super) error: TurnError,
    /// For the notice of a try: `answered 429`.
    what: String,
    retry_after: Option<Duration>,
    may_pass: bool,
}

impl Failed {
    /// A failure that nobody answered for.
    pub(super) fn without_answer(status: StatusCode, error: TurnError) -> Self {
        Self {
            status,
            kind: "api_error".to_owned(),
            message: error.message.clone(),
            headers: HeaderMap::new(),
            what: "did not answer".to_owned(),
            error,
            retry_after: None,
            may_pass: false,
        }
    }
}

/// Asks until there is an answer, or no sense in asking.
pub(super) async fn ask(
    shared: &Shared,
    provider: &Provider,
    call: &Call,
) -> Result<reqwest::Response, Failed> {
    let limits = &shared.limits;
    let began = Instant::now();
    let mut tries = 1;
    loop {
        let failed = match once(shared, provider, call).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        let wait = failed
            .retry_after
            .unwrap_or_else(|| limits.first_wait * 4_u32.pow(tries - 1));
        let is_late = began.elapsed() + wait > limits.retry_within;
        if !failed.may_pass || tries >= limits.tries || is_late {
            return Err(failed);
        }
        tries += 1;
        if call.api == Api::Messages {
            let notice = AgentEvent::notice(
                "retry",
                format!(
                    "the model's provider {}; try {tries} of {} follows in {} s",
                    failed.what,
                    limits.tries,
                    wait.as_secs_f32(),
                ),
            );
            // Nobody listens any more when the session ends.
            let _ = shared.sink.send((call.subsession, notice));
        }
        tokio::time::sleep(wait).await;
    }
}

async fn once(
    shared: &Shared,
    provider: &Provider,
    call: &Call,
) -> Result<reqwest::Response, Failed> {
    let client = shared.client().map_err(|detail| {
        Failed::without_answer(StatusCode::BAD_GATEWAY, failure::unreachable(&detail))
    })?;
    let mut key = HeaderValue::from_str(&provider.api_key)
        .map_err(|_| Failed::without_answer(StatusCode::UNAUTHORIZED, bad_key()))?;
    key.set_sensitive(true);
    let url = format!("{}{}", provider.base_url.trim_end_matches('/'), call.path);
    let request = client
        .request(call.method.clone(), url)
        .headers(call.headers.clone())
        .header("x-api-key", key)
        .body(call.body.clone());
    let patience = patience(&shared.limits, call.is_stream);
    let answer = match tokio::time::timeout(patience, request.send()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            let detail = innermost(&error.without_url());
            return Err(Failed {
                may_pass: true,
                what: format!("could not be reached ({detail})"),
                ..Failed::without_answer(StatusCode::BAD_GATEWAY, failure::unreachable(&detail))
            });
        }
        Err(_) => {
            let detail = format!("no answer for {} s", patience.as_secs_f32());
            return Err(Failed::without_answer(
                StatusCode::GATEWAY_TIMEOUT,
                failure::unreachable(&detail),
            ));
        }
    };
    if answer.status().is_success() {
        Ok(answer)
    } else {
        Err(refused(answer, provider, &shared.limits).await)
    }
}

async fn refused(mut answer: reqwest::Response, provider: &Provider, limits: &Limits) -> Failed {
    let status = answer.status();
    let headers = answer.headers().clone();
    let mut body = Vec::new();
    // What cannot be read of an error is not needed: the status says enough.
    while let Ok(Ok(Some(bytes))) = tokio::time::timeout(limits.silence, answer.chunk()).await {
        body.extend_from_slice(&bytes);
        if body.len() > ERROR_BODY {
            break;
        }
    }
    let (kind, message) = words(&body);
    let message = mask(&message, provider);
    let error = failure::of_status(status.as_u16(), &message, limit::resets_at(&headers));
    let is_redirect = status.is_redirection() || status.is_informational();
    Failed {
        status: if is_redirect {
            StatusCode::BAD_GATEWAY
        } else {
            status
        },
        kind: kind.unwrap_or_else(|| kind_of(status.as_u16()).to_owned()),
        message: if message.is_empty() || is_redirect {
            error.message.clone()
        } else {
            message
        },
        headers: super::request::backward(&headers),
        error,
        what: format!("answered {}", status.as_u16()),
        retry_after: match status {
            StatusCode::TOO_MANY_REQUESTS => limit::until_reset(&headers),
            _ => limit::retry_after(&headers),
        },
        may_pass: status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error(),
    }
}

/// The provider's own name for a status.
fn kind_of(status: u16) -> &'static str {
    match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}

/// The kind and the words of a provider's error, of whatever shape.
fn words(body: &[u8]) -> (Option<String>, String) {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        let text = |pointer: &str| json.pointer(pointer).and_then(|value| value.as_str());
        let message = text("/error/message")
            .or(text("/message"))
            .or(text("/error"));
        return (
            text("/error/type").map(str::to_owned),
            message.unwrap_or_default().to_owned(),
        );
    }
    let text = String::from_utf8_lossy(body);
    // A page of a proxy says nothing to a person.
    let is_page = text.trim_start().starts_with('<');
    (
        None,
        if is_page {
            String::new()
        } else {
            text.into_owned()
        },
    )
}

/// A provider may repeat what it was sent.
fn mask(text: &str, provider: &Provider) -> String {
    let mut text = text.to_owned();
    let base = provider.base_url.trim_end_matches('/');
    let host = base.split_once("://").map_or(base, |(_, rest)| rest);
    for secret in [provider.api_key.as_str(), base, host] {
        if !secret.is_empty() {
            text = text.replace(secret, "***");
        }
    }
    text
}

fn patience(limits: &Limits, is_stream: bool) -> Duration {
    if is_stream {
        limits.silence
    } else {
        limits.whole_answer
    }
}

fn bad_key() -> TurnError {
    failure::of_status(
        401,
        "the key holds characters that no header may have",
        None,
    )
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
