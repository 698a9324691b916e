//! What an engine may ask of the door: which paths, with which key, and which of its headers go on to the provider.

use http::{HeaderMap, HeaderName, Method};
use subtle::ConstantTimeEq;
use vwm_api::SubsessionId;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// An answer of a model.
    Messages,
    /// How many tokens a request has.
    CountTokens,
    /// Which models there are.
    Models,
    /// Whether anybody is there; the door answers it alone.
    Probe,
}

/// Whom a request is for and what it wants; none for everything that is not served.
pub(super) fn route<'a>(method: &Method, path: &'a str) -> Option<(SubsessionId, Api, &'a str)> {
    let rest = path.strip_prefix("/model/")?;
    let (subsession, rest) = rest.split_at_checked(36)?;
    let subsession = subsession.parse().ok()?;
    let is_read = *method == Method::GET || *method == Method::HEAD;
    let api = match rest {
        "/v1/messages" if *method == Method::POST => Api::Messages,
        "/v1/messages/count_tokens" if *method == Method::POST => Api::CountTokens,
        "/v1/models" if is_read => Api::Models,
        "" | "/" | "/api/hello" if is_read => Api::Probe,
        _ if is_read => {
            let model = rest.strip_prefix("/v1/models/")?;
            // One plain segment: nothing that a server could read as another path.
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@".contains(&byte);
            if model.is_empty() || model.contains("..") || !model.bytes().all(is_plain) {
                return None;
            }
            Api::Models
        }
        _ => return None,
    };
    Some((subsession, api, rest))
}

/// Whether a request shows the door's token; how long the comparison takes says nothing of the token.
pub(super) fn shows_token(headers: &HeaderMap, token: &blake3::Hash) -> bool {
    let key = headers.get("x-api-key").map(|value| value.as_bytes());
    let bearer = headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    [key, bearer].into_iter().flatten().any(|shown| {
        blake3::hash(shown)
            .as_bytes()
            .ct_eq(token.as_bytes())
            .into()
    })
}

/// The headers that go on to the provider; never a credential.
pub(super) fn onward(headers: &HeaderMap) -> HeaderMap {
    keep(headers, |name| {
        matches!(
            name,
            "accept" | "content-type" | "content-encoding" | "user-agent" | "x-app"
        ) || name.starts_with("anthropic-")
            || name.starts_with("x-stainless-")
            || name.starts_with("x-claude-code-")
    })
}

/// The headers of an answer that go back to the engine; nothing that names the provider or the account.
pub(super) fn backward(headers: &HeaderMap) -> HeaderMap {
    keep(headers, |name| {
        matches!(
            name,
            "content-type" | "content-encoding" | "cache-control" | "request-id" | "retry-after"
        ) || name.starts_with("anthropic-ratelimit-")
    })
}

fn keep(headers: &HeaderMap, is_kept: impl Fn(&str) -> bool) -> HeaderMap {
    headers
        .iter()
        .filter(|(name, _)| is_kept(HeaderName::as_str(name)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apis_of_a_conversation_are_served() {
        let id = "01970000-0000-7000-8000-000000000000";
        let table: Vec<_> = [
            ("POST", "/v1/messages"),
            ("POST", "/v1/messages/count_tokens"),
            ("GET", "/v1/models"),
            ("GET", "/v1/models/claude-opus-5-5"),
            ("HEAD", "/"),
            ("HEAD", "/api/hello"),
            ("GET", "/v1/models/../files"),
            ("GET", "/v1/models/%2e%2e/files"),
            ("GET", "/v1/models/a/b"),
            ("GET", "/v1/files"),
            ("POST", "/v1/files"),
            ("POST", "/v1/messages/batches"),
            ("DELETE", "/v1/models/x"),
            ("GET", "/v1/messages"),
        ]
        .into_iter()
        .map(|(method, rest)| {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let path = format!("/model/{id}{rest}");
            let api = route(&method, &path).map(|(_, api, _)| api);
            format!("{method} {rest} {api:?}")
        })
        .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
    POST /v1/messages Some(Messages)
    POST /v1/messages/count_tokens Some(CountTokens)
    GET /v1/models Some(Models)
    GET /v1/models/claude-opus-5-5 Some(Models)
    HEAD / Some(Probe)
    HEAD /api/hello Some(Probe)
    GET /v1/models/../files None
    GET /v1/models/%2e%2e/files None
    GET /v1/models/a/b None
    GET /v1/files None
    POST /v1/files None
    POST /v1/messages/batches None
    DELETE /v1/models/x None
    GET /v1/messages None
    ");
        assert_eq!(route(&Method::POST, "/v1/messages"), None);
        assert_eq!(route(&Method::POST, "/model/nobody/v1/messages"), None);
    }
}
