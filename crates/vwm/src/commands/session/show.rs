//! `vwm session show`.

use serde_json::json;
use vwm_api::{Session, SessionId, Unpushed};
use vwm_client::Client;

use super::{missing, requests, telemetry};
use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// Shows a session.
pub(super) async fn show(client: &Client, id: SessionId, form: Form) -> Result<(), CliError> {
    let session = client.session(id).await.map_err(missing(id))?;
    let stats = client.stats(id).await?;
    let rows = client.telemetry(id).await?;
    if form.is_json() {
        let all = json!({ "session": session, "stats": stats, "requests": rows });
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
            match reason {
                _ if session.resuming => format!("{status}, resuming"),
                Some(why) => format!("{status}: {why}"),
                None => status.to_owned(),
            },
        ),
        (
            "repository",
            session
                .repository
                .as_ref()
                .map_or_else(dash, |it| format!("{}, from {}", it.url, it.branch)),
        ),
        ("breadcrumbs", session.breadcrumbs.join(", ")),
        ("wall", session.wall.clone().unwrap_or_else(dash)),
        ("created", session.created_at.to_string()),
        ("job time", job_time(&session)),
        ("last active", numbers::ago(session.last_activity_at)),
        (
            "ended",
            session.ended_at.map_or_else(dash, |it| it.to_string()),
        ),
        ("tokens", telemetry::tokens_of(&rows)),
        ("cost", telemetry::cost(&rows)),
    ];
    for it in &session.unpushed {
        fields.push(("unpushed", unpushed(it)));
    }
    for warning in &session.warnings {
        fields.push(("warning", format!("{}: {}", warning.path, warning.message)));
    }
    if let Some(error) = rows.iter().rev().find_map(|row| row.error.as_ref()) {
        fields.push(("last error", format!("{}: {}", error.code, error.message)));
    }
    table::fields(&fields);
    if !session.unpushed.is_empty() {
        table::line(format!(
            "\nthe commits are kept: `vwm session push {id}` brings them to the remote"
        ));
    }
    if !rows.is_empty() {
        table::line("");
        requests::show(&rows);
    }
    Ok(())
}

/// How long it had a job, of how long it may.
fn job_time(session: &Session) -> String {
    let had = session.active_seconds;
    match session.timeout {
        0 => format!("{had} s, without an end"),
        may => format!("{had} of {may} s"),
    }
}

/// Says why a remote does not have a branch.
pub(super) fn unpushed(it: &Unpushed) -> String {
    format!("{} in {}: {}", it.branch, it.url, it.reason)
}
