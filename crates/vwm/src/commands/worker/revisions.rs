//! `vwm worker revisions`.

use vwm_api::{Runtime, WorkerRevision};
use vwm_client::Client;

use super::apply::canonical_yaml;
use super::by_name;
use crate::error::CliError;
use crate::output::diff::{self, Side};
use crate::output::{Form, numbers, table};

/// Lists revisions, or shows what one of them changed.
pub(super) async fn revisions(
    client: &Client,
    name: &str,
    revision: Option<i64>,
    form: Form,
) -> Result<(), CliError> {
    let worker = by_name(client, name).await?;
    let mut revisions = client.worker_revisions(worker.id).await?;
    revisions.sort_by_key(|it| std::cmp::Reverse(it.revision));
    if let Some(number) = revision {
        let Some(wanted) = revisions.iter().find(|it| it.revision == number) else {
            return Err(CliError::failed(
                format!("worker {name} has no revision {number}"),
                format!("`vwm worker revisions {name}` lists those that there are"),
            ));
        };
        if form.is_json() {
            return table::json(wanted);
        }
        let before = revisions.iter().find(|it| it.revision == number - 1);
        let runtimes = client.runtimes().await?;
        return changed(wanted, before, &runtimes);
    }
    if form.is_json() {
        return table::json(&revisions);
    }
    let row = |it: &WorkerRevision| {
        vec![
            it.revision.to_string(),
            numbers::ago(it.created_at),
            if it.forced { "over its lock" } else { "" }.to_owned(),
            it.hash.clone(),
        ]
    };
    table::rows(
        &["revision", "made", "forced", "hash"],
        revisions.iter().map(row).collect(),
    );
    Ok(())
}

fn changed(
    revision: &WorkerRevision,
    before: Option<&WorkerRevision>,
    runtimes: &[Runtime],
) -> Result<(), CliError> {
    let after = canonical_yaml(&revision.definition, runtimes)?;
    let (named, text) = match before {
        Some(before) => (
            format!("revision {}", before.revision),
            canonical_yaml(&before.definition, runtimes)?,
        ),
        None => ("nothing".to_owned(), String::new()),
    };
    let before = Side {
        name: &named,
        text: &text,
    };
    let after = Side {
        name: &format!("revision {}", revision.revision),
        text: &after,
    };
    table::text(&diff::unified(before, after, table::is_styled()));
    Ok(())
}
