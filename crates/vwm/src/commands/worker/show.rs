//! `vwm worker list` and `vwm worker show`.

use vwm_api::Worker;
use vwm_client::Client;

use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// Lists all workers.
pub(super) async fn list(form: Form, client: &Client) -> Result<(), CliError> {
    let workers = client.workers().await?;
    if form.is_json() {
        return table::json(&workers);
    }
    if workers.is_empty() {
        table::aside(
            "there is no worker yet: `vwm worker create NAME --engine claude-code` makes one",
        );
        return Ok(());
    }
    let row = |worker: &Worker| {
        vec![
            worker.definition.name.clone(),
            worker.definition.cli_type.as_str().to_owned(),
            worker.revision.to_string(),
            numbers::ago(worker.updated_at),
            worker.definition.description.clone().unwrap_or_default(),
        ]
    };
    table::rows(
        &["name", "engine", "revision", "changed", "description"],
        workers.iter().map(row).collect(),
    );
    Ok(())
}

/// Shows one worker.
pub(super) fn show(form: Form, worker: &Worker) -> Result<(), CliError> {
    if form.is_json() {
        return table::json(worker);
    }
    let it = &worker.definition;
    let model = it.model_config.as_ref().and_then(|it| it.model.clone());
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let mut fields = vec![
        ("name", it.name.clone()),
        ("id", worker.id.to_string()),
        ("revision", format!("{} ({})", worker.revision, worker.hash)),
        ("changed", worker.updated_at.to_string()),
        ("description", optional(&it.description)),
        ("engine", it.cli_type.as_str().to_owned()),
        ("model", optional(&model)),
        ("knowledge base", optional(&it.worker_repo_url)),
        ("its branch", it.worker_repo_branch.clone()),
        ("learns", it.auto_learn.to_string()),
        ("timeout", format!("{} s", it.timeout)),
        ("locked", it.locked.to_string()),
        ("role", optional(&it.agent_md)),
    ];
    for warning in &worker.warnings {
        fields.push(("warning", format!("{}: {}", warning.path, warning.message)));
    }
    table::fields(&fields);
    Ok(())
}
