//! Numbers as people read them.

use std::time::Duration;

use vwm_api::{Answer, Timestamp};

/// `1.2 KB`.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["bytes", "KB", "MB"] {
        if value < 1000.0 {
            return match unit {
                "bytes" => format!("{count} bytes"),
                _ => format!("{value:.1} {unit}"),
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} GB")
}

/// `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// What a turn took, or a dash where nobody saw its end.
pub(crate) fn took(duration_ms: Option<i64>) -> String {
    let millis = duration_ms.and_then(|it| u64::try_from(it).ok());
    millis.map_or_else(|| "–".to_owned(), |it| duration(Duration::from_millis(it)))
}

/// How long ago, as `5 min ago`.
pub(crate) fn ago(then: Timestamp) -> String {
    let seconds = Timestamp::now().millis_since(then) / 1000;
    match seconds {
        ..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// `12,345`.
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 {
        text.insert(0, '-');
    }
    text
}

/// What something cost, or `unknown` where nobody said.
pub(crate) fn cost(usd: Option<f64>) -> String {
    usd.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.4}"))
}

/// The last line of a turn: `complete · 2.3 s · 1,250 tokens in, 89 out · $0.0070`.
pub(crate) fn ended(answer: &Answer) -> String {
    let mut parts = vec![answer.status.as_str().replace('_', " ")];
    if answer.duration_ms.is_some() {
        parts.push(took(answer.duration_ms));
    }
    let (tokens, cost_usd) = (tokens(answer), answer.cost_usd);
    match (tokens, cost_usd) {
        (None, None) => parts.push("tokens and cost unknown".to_owned()),
        (Some(tokens), None) => parts.extend([tokens, "cost unknown".to_owned()]),
        (tokens, Some(_)) => {
            parts.extend(tokens);
            parts.push(cost(cost_usd));
        }
    }
    parts.join(" · ")
}

/// What an answer took: `1,250 tokens in, 89 out · $0.0070 · 2.3 s`; what nobody reported is left out.
pub(crate) fn spent(answer: &Answer) -> String {
    let mut parts: Vec<_> = tokens(answer).into_iter().collect();
    if answer.cost_usd.is_some() {
        parts.push(cost(answer.cost_usd));
    }
    if answer.duration_ms.is_some() {
        parts.push(took(answer.duration_ms));
    }
    parts.join(" · ")
}

/// `1,250 tokens in, 89 out`; none where nobody counted.
fn tokens(answer: &Answer) -> Option<String> {
    if answer.tokens_in.is_none() && answer.tokens_out.is_none() {
        return None;
    }
    let told = |tokens: Option<i64>| tokens.map_or_else(|| "?".to_owned(), count);
    let (tokens_in, tokens_out) = (told(answer.tokens_in), told(answer.tokens_out));
    Some(format!("{tokens_in} tokens in, {tokens_out} out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0, 999, 1000, 356_200_000, 2_100_000_000].map(bytes),
            ["0 bytes", "999 bytes", "1.0 KB", "356.2 MB", "2.1 GB"]
        );
        assert_eq!(
            [0, 999, 1000, -1_234_567].map(count),
            ["0", "999", "1,000", "-1,234,567"]
        );
        assert_eq!(
            [420, 12_000, 185_000, 7_800_000].map(|it| duration(Duration::from_millis(it))),
            ["0.4 s", "12 s", "3 min 5 s", "2 h 10 min"]
        );
    }

    #[test]
    fn a_turns_last_line_says_what_nobody_reported() {
        let told = |tokens: Option<i64>, cost: Option<f64>| {
            let answer = serde_json::json!({
                "requestId": vwm_api::TurnId::new(), "subsessionId": vwm_api::TurnId::new(),
                "status": "outcome_unknown", "response": "", "artifacts": [],
                "tokensIn": tokens, "costUsd": cost, "durationMs": 2300,
            });
            ended(&serde_json::from_value(answer).unwrap())
        };
        let begins = "outcome unknown · 2.3 s · ";
        let all = [
            (None, None, "tokens and cost unknown"),
            (Some(1250), None, "1,250 tokens in, ? out · cost unknown"),
            (Some(1250), Some(0.007), "1,250 tokens in, ? out · $0.0070"),
            (None, Some(0.007), "$0.0070"),
        ];
        for (tokens, cost, ends) in all {
            assert_eq!(told(tokens, cost), format!("{begins}{ends}"));
        }
    }
}
