//! `vwm session telemetry`.

use vwm_api::{Learning, SessionId, TelemetryRow};
use vwm_client::Client;

use super::missing;
use crate::error::CliError;
use crate::output::{Output, numbers, table};

/// Shows what each turn took.
pub(super) async fn telemetry(
    client: &Client,
    id: SessionId,
    output: Output,
) -> Result<(), CliError> {
    let rows = client.telemetry(id).await.map_err(missing(id))?;
    if output == Output::Json {
        return table::json(&rows);
    }
    if rows.is_empty() {
        eprintln!("nobody has prompted yet: `vwm prompt {id} \"…\"` does");
        return Ok(());
    }
    table::rows(
        &["request", "kind", "status", "in", "out", "took"],
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
        numbers::took(row.duration_ms),
    ]
}

/// The last row: all kinds together, learning included.
fn total(rows: &[TelemetryRow]) -> Vec<String> {
    let sum = |of: fn(&TelemetryRow) -> Option<i64>| {
        let known = rows.iter().filter_map(of);
        known.reduce(|a, b| a.saturating_add(b))
    };
    vec![
        "total".to_owned(),
        String::new(),
        String::new(),
        tokens(sum(|row| row.tokens_in)),
        tokens(sum(|row| row.tokens_out)),
        numbers::took(sum(|row| row.duration_ms)),
    ]
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
}
