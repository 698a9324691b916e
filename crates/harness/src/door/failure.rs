//! What a model's failure means to the person who asked: one sentence that says what to do, a code, and whether to try again.

use vwm_api::{Timestamp, TurnError, TurnStatus};

/// How much of a provider's own words is repeated.
const DETAIL: usize = 300;

/// The provider answered with a status that is no success.
#[must_use]
pub fn of_status(status: u16, detail: &str, resets_at: Option<Timestamp>) -> TurnError {
    let said = said(&status.to_string(), detail);
    let (code, message, retryable) = match status {
        401 | 403 => (
            "model_auth",
            format!(
                "the model's provider refused the key ({said}); check VWM_ANTHROPIC_API_KEY and restart the server"
            ),
            false,
        ),
        402 => (
            "model_refused",
            format!("the model's provider wants to be paid ({said}); check the account's credit"),
            false,
        ),
        404 => (
            "model_refused",
            format!(
                "the model's provider does not know what was asked for ({said}); check modelConfig.model and VWM_ANTHROPIC_BASE_URL"
            ),
            false,
        ),
        413 => (
            "model_refused",
            format!(
                "the request is too large for the model ({said}); begin a new conversation or give it less to read"
            ),
            false,
        ),
        429 => (
            "model_rate_limited",
            match resets_at {
                Some(at) => {
                    format!("the model's provider limits the rate ({said}); try again after {at}")
                }
                None => format!("the model's provider limits the rate ({said}); try again later"),
            },
            true,
        ),
        300..=399 => (
            "model_unavailable",
            format!(
                "the model's provider answered with a redirect ({status}), which is not followed; check VWM_ANTHROPIC_BASE_URL"
            ),
            false,
        ),
        500.. => (
            "model_unavailable",
            format!("the model's provider is in trouble ({said}); try again later"),
            true,
        ),
        _ => (
            "model_refused",
            format!(
                "the model's provider refused the request ({said}); change the prompt or the worker's modelConfig"
            ),
            false,
        ),
    };
    TurnError {
        resets_at,
        ..failed(code, message, retryable)
    }
}

/// The provider named the error and no status: inside a stream, or as the engine's own word for it.
#[must_use]
pub fn of_kind(kind: &str, detail: &str) -> TurnError {
    let status = match kind {
        "authentication_error" | "authentication_failed" => 401,
        "permission_error" => 403,
        "billing_error" => 402,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit" => 429,
        "invalid_request_error" | "invalid_request" => 400,
        "overloaded_error" | "overloaded" => 529,
        _ => 500,
    };
    TurnError {
        // The status is a guess and not what the provider said.
        message: of_status(status, detail, None).message.replacen(
            &format!("({status}"),
            &format!("({kind}"),
            1,
        ),
        ..of_status(status, detail, None)
    }
}

/// Nobody answered.
#[must_use]
pub fn unreachable(detail: &str) -> TurnError {
    let detail = short(detail);
    failed(
        "model_unavailable",
        format!(
            "cannot reach the model's provider ({detail}); check the network and VWM_ANTHROPIC_BASE_URL, then try again"
        ),
        true,
    )
}

/// The answer began and did not end.
#[must_use]
pub fn stream_lost(detail: &str) -> TurnError {
    let detail = short(detail);
    failed(
        "model_stream_lost",
        format!("the model's answer broke off ({detail}); try again"),
        true,
    )
}

/// The server was given no key for this API.
#[must_use]
pub fn no_provider() -> TurnError {
    failed(
        "model_auth",
        "the server has no key for the Anthropic API; set VWM_ANTHROPIC_API_KEY and restart it"
            .to_owned(),
        false,
    )
}

fn failed(code: &str, message: String, retryable: bool) -> TurnError {
    TurnError {
        status: TurnStatus::Failed,
        message,
        code: code.to_owned(),
        retryable,
        resets_at: None,
    }
}

fn said(what: &str, detail: &str) -> String {
    let detail = short(detail);
    if detail.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {detail}")
    }
}

fn short(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    match text.char_indices().nth(DETAIL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_a_code_and_says_whether_to_try_again() {
        let table: Vec<_> = [307, 400, 401, 402, 403, 404, 413, 429, 500, 529]
            .into_iter()
            .map(|status| {
                let error = of_status(status, "why.", None);
                format!(
                    "{status} {} {} {}",
                    error.code, error.retryable, error.message
                )
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
    307 model_unavailable false the model's provider answered with a redirect (307), which is not followed; check VWM_ANTHROPIC_BASE_URL
    400 model_refused false the model's provider refused the request (400: why); change the prompt or the worker's modelConfig
    401 model_auth false the model's provider refused the key (401: why); check VWM_ANTHROPIC_API_KEY and restart the server
    402 model_refused false the model's provider wants to be paid (402: why); check the account's credit
    403 model_auth false the model's provider refused the key (403: why); check VWM_ANTHROPIC_API_KEY and restart the server
    404 model_refused false the model's provider does not know what was asked for (404: why); check modelConfig.model and VWM_ANTHROPIC_BASE_URL
    413 model_refused false the request is too large for the model (413: why); begin a new conversation or give it less to read
    429 model_rate_limited true the model's provider limits the rate (429: why); try again later
    500 model_unavailable true the model's provider is in trouble (500: why); try again later
    529 model_unavailable true the model's provider is in trouble (529: why); try again later
    ");
    }

    #[test]
    fn an_error_inside_a_stream_is_named_by_its_kind() {
        let error = of_kind("overloaded_error", "Overloaded");
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            (
                "model_unavailable",
                "the model's provider is in trouble (overloaded_error: Overloaded); try again later"
            )
        );
    }
}
