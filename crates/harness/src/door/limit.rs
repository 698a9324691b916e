//! How patient the door is, and what a provider says about when to come back.

use std::time::Duration;

use http::HeaderMap;
use vwm_api::Timestamp;

/// How long and how often the door waits.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest request body.
    pub body: usize,
    /// How often a request is sent at most.
    pub tries: u32,
    /// No try begins later than this after the first.
    pub retry_within: Duration,
    /// Before the second try; four times as long before each further one.
    pub first_wait: Duration,
    /// For making a connection.
    pub connect: Duration,
    /// A stream without a byte for so long is cut.
    pub silence: Duration,
    /// For an answer that is not streamed to begin.
    pub whole_answer: Duration,
    /// How often an engine may ask again after answers that broke off, until one comes whole.
    pub tries_after_break: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 << 20,
            tries: 3,
            retry_within: Duration::from_secs(30),
            first_wait: Duration::from_secs(1),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(120),
            whole_answer: Duration::from_secs(600),
            tries_after_break: 2,
        }
    }
}

/// How long the provider asks to wait.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = at.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

/// How long until the limit that was met ends.
pub(super) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers).or_else(|| {
        let left = resets_at(headers)?.as_micros() - Timestamp::now().as_micros();
        Some(Duration::from_micros(u64::try_from(left).unwrap_or(0)))
    })
}

/// When the limit that was met ends.
pub(super) fn resets_at(headers: &HeaderMap) -> Option<Timestamp> {
    if let Some(wait) = retry_after(headers) {
        // Whole seconds, and rather one too many.
        let seconds = i64::try_from(wait.as_secs()).ok()?.saturating_add(1);
        let now = Timestamp::now().as_micros() / 1_000_000;
        return Some(Timestamp::from_micros(
            now.saturating_add(seconds).saturating_mul(1_000_000),
        ));
    }
    headers
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name.starts_with("anthropic-ratelimit-") && name.ends_with("-reset")
        })
        // A limit that still has something left is not the one that was met.
        .filter(|(name, _)| remaining(headers, name.as_str()) == Some(0))
        .filter_map(|(_, value)| moment(value.to_str().ok()?))
        .max()
}

fn remaining(headers: &HeaderMap, reset: &str) -> Option<i64> {
    let name = format!("{}remaining", reset.strip_suffix("reset")?);
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn moment(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse().expect("a name"),
                    value.parse().expect("a value"),
                )
            })
            .collect()
    }

    #[test]
    fn a_wait_comes_in_seconds_or_as_a_date() {
        let wait = |value| retry_after(&headers(&[("retry-after", value)]));
        assert_eq!(wait("3"), Some(Duration::from_secs(3)));
        assert_eq!(wait("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("-1"), None);
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn the_limit_that_was_met_says_when_it_ends() {
        let at = resets_at(&headers(&[
            ("anthropic-ratelimit-requests-remaining", "7"),
            ("anthropic-ratelimit-requests-reset", "2030-01-01T00:09:00Z"),
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", "2030-01-01T00:01:00Z"),
        ]));
        assert_eq!(
            at.map(|at| at.to_string()).as_deref(),
            Some("2030-01-01T00:01:00Z")
        );
    }

    #[test]
    fn a_limit_says_how_long_to_wait_in_either_way() {
        let wait = |value: &'static str| {
            until_reset(&headers(&[
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", value),
            ]))
        };
        assert_eq!(wait("2015-01-01T00:01:00Z"), Some(Duration::ZERO));
        assert!(wait("2130-01-01T00:01:00Z") > Some(Duration::from_secs(3600)));
        let both = headers(&[
            ("retry-after", "3"),
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", "2130-01-01T00:01:00Z"),
        ]);
        assert_eq!(until_reset(&both), Some(Duration::from_secs(3)));
    }
}
