//! `vwm session list`.

use std::collections::BTreeMap;

use vwm_api::{Session, WorkerId};
use vwm_client::{Client, SessionFilter};

use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// Lists sessions.
pub(super) async fn list(
    client: &Client,
    mut filter: SessionFilter,
    limit: usize,
    form: Form,
) -> Result<(), CliError> {
    let mut sessions = Vec::new();
    while sessions.len() < limit {
        let rest = u32::try_from(limit - sessions.len()).unwrap_or(u32::MAX);
        filter.limit = Some(rest.min(100));
        let page = client.sessions(&filter).await?;
        sessions.extend(page.items);
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            break;
        }
    }
    sessions.truncate(limit);
    show(client, &sessions, form).await
}

/// Shows sessions in a table, with their workers' names.
pub(in crate::commands) async fn show(
    client: &Client,
    sessions: &[Session],
    form: Form,
) -> Result<(), CliError> {
    if form.is_json() {
        return table::json(&sessions);
    }
    if sessions.is_empty() {
        table::aside("there is no session that fits: `vwm session start WORKER` makes one");
        return Ok(());
    }
    let workers = client.workers().await?;
    let names = workers.into_iter().map(|it| (it.id, it.definition.name));
    let names: BTreeMap<WorkerId, String> = names.collect();
    let row = |session: &Session| {
        let deleted = || session.worker_id.to_string();
        vec![
            session.id.to_string(),
            names
                .get(&session.worker_id)
                .cloned()
                .unwrap_or_else(deleted),
            session.status.as_str().to_owned(),
            numbers::ago(session.last_activity_at),
            session.status_reason.clone().unwrap_or_default(),
        ]
    };
    table::rows(
        &["id", "worker", "status", "active", "reason"],
        sessions.iter().map(row).collect(),
    );
    Ok(())
}
