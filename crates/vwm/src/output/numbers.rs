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

/// What an answer took: `1,250 tokens in, 89 out · $0.0070 · 2.3 s`; what nobody reported is left out.
pub(crate) fn spent(answer: &Answer) -> String {
    let mut parts = Vec::new();
    match (answer.tokens_in, answer.tokens_out) {
        (None, None) => {}
        (tokens_in, tokens_out) => {
            let told = |tokens: Option<i64>| tokens.map_or_else(|| "?".to_owned(), count);
            parts.push(format!(
                "{} tokens in, {} out",
                told(tokens_in),
                told(tokens_out)
            ));
        }
    }
    if let Some(cost) = answer.cost_usd {
        parts.push(format!("${cost:.4}"));
    }
    if let Some(millis) = answer.duration_ms {
        let millis = millis.try_into().unwrap_or(0);
        parts.push(duration(Duration::from_millis(millis)));
    }
    parts.join(" · ")
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
}
