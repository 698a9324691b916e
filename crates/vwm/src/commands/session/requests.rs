//! `vwm session requests` and `vwm session abort`.

use vwm_api::{AbortAnswer, AbortRequest, SessionId, TelemetryRow, TurnId};
use vwm_client::{Client, ClientError};

use super::telemetry;
use crate::error::CliError;
use crate::output::{Form, folded, numbers, table};

/// How much of a prompt stands in a row.
const PROMPT_WIDTH: usize = 60;

/// Lists the requests of a session, or shows one of them.
pub(super) async fn requests(
    client: &Client,
    id: SessionId,
    request: Option<TurnId>,
    form: Form,
) -> Result<(), CliError> {
    if let Some(turn) = request {
        let view = client.request(id, turn).await.map_err(missing(id, turn))?;
        if form.is_json() {
            return table::json(&view);
        }
        let mut fields = vec![
            ("id", view.request_id.to_string()),
            ("status", view.status.as_str().to_owned()),
            ("conversation", view.subsession_id.to_string()),
            ("asked", numbers::ago(view.created_at)),
        ];
        if let Some(earlier) = view.retry_of {
            fields.push(("tries again", earlier.to_string()));
        }
        if let Some(answer) = &view.answer {
            fields.push(("took", numbers::ended(answer)));
            if let Some(error) = &answer.error {
                fields.push(("error", error.message.clone()));
            }
            fields.push(("answer", answer.response.clone()));
        }
        table::fields(&fields);
        return Ok(());
    }
    if let Some(rows) = telemetry::rows(client, id, form).await? {
        show(&rows);
    }
    Ok(())
}

/// Shows requests in a table.
pub(super) fn show(rows: &[TelemetryRow]) {
    let row = |row: &TelemetryRow| {
        vec![
            row.id.to_string(),
            row.kind.as_str().to_owned(),
            row.status.as_str().to_owned(),
            numbers::took(row.duration_ms),
            folded::cut(&row.prompt, PROMPT_WIDTH),
        ]
    };
    table::rows(
        &["request", "kind", "status", "took", "prompt"],
        rows.iter().map(row).collect(),
    );
}

/// Aborts what is in flight or waits.
pub(super) async fn abort(
    client: &Client,
    id: SessionId,
    which: AbortRequest,
    form: Form,
) -> Result<(), CliError> {
    client.abort(id, &which).await?;
    if form.is_json() {
        return table::json(&AbortAnswer::Aborted);
    }
    table::line("aborted");
    Ok(())
}

/// Says which request is not there.
pub(super) fn missing(id: SessionId, turn: TurnId) -> impl FnOnce(ClientError) -> CliError {
    move |error| {
        if error.is_not_found() {
            return CliError::failed(
                format!("session {id} has no request {turn}"),
                format!("`vwm session requests {id}` lists those that there are"),
            );
        }
        error.into()
    }
}
