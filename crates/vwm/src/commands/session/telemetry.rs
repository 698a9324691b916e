//! `vwm session telemetry`.

use vwm_api::{Learning, SessionId, TelemetryRow, TurnError};
use vwm_client::Client;

use super::missing;
use crate::error::CliError;
use crate::output::{Form, folded, numbers, table};

/// How much of an error stands in a row; all of it is in JSON, and `vwm session requests` shows it.
const ERROR_WIDTH: usize = 60;

/// The session's turns, for a table; none where they are told already: as JSON, or because there are none.
pub(super) async fn rows(
    client: &Client,
    id: SessionId,
    form: Form,
) -> Result<Option<Vec<TelemetryRow>>, CliError> {
    let rows = client.telemetry(id).await.map_err(missing(id))?;
    if form.is_json() {
        table::json(&rows)?;
        return Ok(None);
    }
    if rows.is_empty() {
        table::aside(format!(
            "nobody has prompted yet: `vwm prompt {id} \"…\"` does"
        ));
        return Ok(None);
    }
    Ok(Some(rows))
}

/// Shows what each turn took.
pub(super) async fn telemetry(client: &Client, id: SessionId, form: Form) -> Result<(), CliError> {
    let Some(rows) = rows(client, id, form).await? else {
        return Ok(());
    };
    table::rows(
        &[
            "request", "kind", "status", "in", "out", "cost", "took", "model", "error",
        ],
        rows.iter().map(turn).chain([total(&rows)]).collect(),
    );
    for learning in rows.iter().filter_map(|row| row.learning.as_ref()) {
        table::line("");
        table::fields(&fields(learning));
    }
    Ok(())
}

fn turn(row: &TelemetryRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.kind.as_str().to_owned(),
        row.status.as_str().to_owned(),
        tokens(row.tokens_in),
        tokens(row.tokens_out),
        numbers::cost(row.cost_usd),
        numbers::took(row.duration_ms),
        row.model.clone().unwrap_or_else(|| "–".to_owned()),
        row.error.as_ref().map(why).unwrap_or_default(),
    ]
}

/// The last row: all kinds together, learning included.
fn total(rows: &[TelemetryRow]) -> Vec<String> {
    vec![
        "total".to_owned(),
        String::new(),
        String::new(),
        tokens(sum(rows, |row| row.tokens_in)),
        tokens(sum(rows, |row| row.tokens_out)),
        cost(rows),
        numbers::took(sum(rows, |row| row.duration_ms)),
        String::new(),
        String::new(),
    ]
}

/// The sum of what is known; none where nothing is.
fn sum(rows: &[TelemetryRow], of: fn(&TelemetryRow) -> Option<i64>) -> Option<i64> {
    let known = rows.iter().filter_map(of);
    known.reduce(|a, b| a.saturating_add(b))
}

/// The tokens of all of it, as far as anybody counted.
pub(super) fn tokens_of(rows: &[TelemetryRow]) -> String {
    let told = |tokens: Option<i64>| tokens.map_or_else(|| "unknown".to_owned(), numbers::count);
    let (tokens_in, tokens_out) = (
        told(sum(rows, |row| row.tokens_in)),
        told(sum(rows, |row| row.tokens_out)),
    );
    format!("{tokens_in} in, {tokens_out} out")
}

/// What all of it cost, as far as anybody said.
pub(super) fn cost(rows: &[TelemetryRow]) -> String {
    let known: Vec<f64> = rows.iter().filter_map(|row| row.cost_usd).collect();
    if known.is_empty() {
        return numbers::cost(None);
    }
    let sum = numbers::cost(Some(known.iter().sum()));
    match rows.len() - known.len() {
        0 => sum,
        unknown => format!("{sum} and {unknown} unknown"),
    }
}

fn why(error: &TurnError) -> String {
    folded::cut(&format!("{}: {}", error.code, error.message), ERROR_WIDTH)
}

fn tokens(tokens: Option<i64>) -> String {
    tokens.map_or_else(|| "–".to_owned(), numbers::count)
}

/// What came of learning, name by name.
fn fields(learning: &Learning) -> Vec<(&'static str, String)> {
    if let Some(why) = &learning.skipped {
        return vec![("not learned", why.clone())];
    }
    let Some(path) = &learning.path else {
        return vec![("learned", "nothing yet: the turn waits or runs".to_owned())];
    };
    let commit = match (&learning.git_commit_sha, learning.git_pushed) {
        (Some(sha), true) => format!("{sha}, pushed"),
        (Some(sha), false) => format!("{sha}, not pushed yet"),
        (None, _) => "none".to_owned(),
    };
    vec![("learned", path.clone()), ("commit", commit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learning_is_told_as_far_as_it_is_known() {
        let told = |learning: &Learning| {
            let fields = fields(learning);
            let lines = fields
                .iter()
                .map(|(name, value)| format!("{name}: {value}"));
            lines.collect::<Vec<_>>()
        };
        let mut learning = Learning::default();
        assert_eq!(
            told(&learning),
            ["learned: nothing yet: the turn waits or runs"]
        );
        learning.path = Some("worker_repo/learnings/a.md".into());
        learning.git_commit_sha = Some("abc".into());
        let path = "learned: worker_repo/learnings/a.md";
        assert_eq!(told(&learning), [path, "commit: abc, not pushed yet"]);
        learning.git_pushed = true;
        assert_eq!(told(&learning), [path, "commit: abc, pushed"]);
        let skipped = Learning {
            skipped: Some("no prompt was completed".into()),
            ..Learning::default()
        };
        assert_eq!(told(&skipped), ["not learned: no prompt was completed"]);
    }

    #[test]
    fn a_sum_says_what_is_missing_in_it() {
        let row = |cost: Option<f64>| -> TelemetryRow {
            let id = SessionId::new();
            serde_json::from_value(serde_json::json!({
                "id": id, "sessionId": id, "workerId": id, "subsessionId": id, "kind": "prompt",
                "prompt": "x", "costUsd": cost, "tokensIn": cost.map(|_| 1000), "status": "complete",
                "artifacts": [], "breadcrumbs": [], "createdAt": "2026-01-01T00:00:00Z",
            }))
            .unwrap()
        };
        let told = |costs: &[Option<f64>]| {
            let rows: Vec<_> = costs.iter().copied().map(row).collect();
            (cost(&rows), tokens_of(&rows))
        };
        let of = |cost: &str, tokens: &str| (cost.to_owned(), tokens.to_owned());
        assert_eq!(
            told(&[None, None]),
            of("unknown", "unknown in, unknown out")
        );
        assert_eq!(
            told(&[Some(0.25), None, Some(0.5)]),
            of("$0.7500 and 1 unknown", "2,000 in, unknown out")
        );
        assert_eq!(told(&[Some(0.25)]).0, "$0.2500");
    }
}
