//! `vwm session show`.

use serde_json::json;
use vwm_api::{SessionId, TelemetryRow, Unpushed};
use vwm_client::Client;

use super::missing;
use crate::error::CliError;
use crate::output::{Output, numbers, table};

/// Shows a session.
pub(super) async fn show(client: &Client, id: SessionId, output: Output) -> Result<(), CliError> {
    let session = client.session(id).await.map_err(missing(id))?;
    let stats = client.stats(id).await?;
    let requests = client.telemetry(id).await?;
    if output == Output::Json {
        let all = json!({ "session": session, "stats": stats, "requests": requests });
        return table::json(&all);
    }
    let worker = match client.worker(session.worker_id).await {
        Ok(worker) => worker.definition.name,
        Err(error) if error.is_not_found() => session.worker_id.to_string(),
        Err(error) => return Err(error.into()),
    };
    let dash = || "–".to_owned();
    let reason = session.status_reason.as_ref();
    let status = session.status.as_str();
    let mut fields = vec![
        ("id", session.id.to_string()),
        (
            "worker",
            format!("{worker}, revision {}", session.worker_revision),
        ),
        (
            "status",
            reason.map_or_else(|| status.to_owned(), |why| format!("{status}: {why}")),
        ),
        (
            "repository",
            session
                .repository
                .as_ref()
                .map_or_else(dash, |it| format!("{}, from {}", it.url, it.branch)),
        ),
        ("wall", session.wall.clone().unwrap_or_else(dash)),
        ("created", session.created_at.to_string()),
        ("last active", numbers::ago(session.last_activity_at)),
        (
            "ended",
            session.ended_at.map_or_else(dash, |it| it.to_string()),
        ),
        (
            "tokens",
            format!(
                "{} in, {} out",
                numbers::count(stats.total_tokens_in),
                numbers::count(stats.total_tokens_out)
            ),
        ),
    ];
    for it in &session.unpushed {
        fields.push(("unpushed", unpushed(it)));
    }
    for warning in &session.warnings {
        fields.push(("warning", format!("{}: {}", warning.path, warning.message)));
    }
    table::fields(&fields);
    if !session.unpushed.is_empty() {
        table::line(format!(
            "\nthe commits are kept: `vwm session push {id}` brings them to the remote"
        ));
    }
    if !requests.is_empty() {
        table::line("");
        table::rows(
            &["request", "kind", "status", "took", "prompt"],
            requests.iter().map(turn_row).collect(),
        );
    }
    Ok(())
}

fn turn_row(row: &TelemetryRow) -> Vec<String> {
    let prompt: String = row.prompt.chars().take(60).collect();
    vec![
        row.id.to_string(),
        row.kind.as_str().to_owned(),
        row.status.as_str().to_owned(),
        numbers::took(row.duration_ms),
        prompt,
    ]
}

/// Says why a remote does not have a branch.
pub(super) fn unpushed(it: &Unpushed) -> String {
    format!("{} in {}: {}", it.branch, it.url, it.reason)
}
