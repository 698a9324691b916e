//! `vwm worker apply`: looks at all files first, shows what they change, and changes it.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use vwm_api::{Runtime, Worker, WorkerDefinition};
use vwm_client::{Client, Lock};

use super::drafts::{self, Filed};
use super::{lock, warn};
use crate::connect::Context;
use crate::error::CliError;
use crate::output::diff::{self, Side};
use crate::output::{Form, table};

/// Which files to apply.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ApplyArgs {
    /// YAML or JSON, one worker or many; a folder stands for all its *.yaml, *.yml and *.json, `-` for standard input
    #[arg(short = 'f', long = "file", value_name = "FILE", required = true, num_args = 1..)]
    pub(crate) files: Vec<PathBuf>,
    /// Shows what would change, and changes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Goes over the lock of a locked worker, which is recorded
    #[arg(long)]
    pub(crate) force: bool,
    /// In which form
    #[command(flatten)]
    pub(crate) form: Form,
}

const EXAMPLES: &str = "\
Examples:
  vwm worker apply -f bob.yaml --dry-run
  vwm worker apply -f bob.yaml
  vwm worker apply -f team/
  cat bob.json | vwm worker apply -f -

A file that is enough:
  name: bob
  cliType: claude-code
  agentMd: |
    You are Bob, a backend engineer.

For a worker that learns from its sessions, add its knowledge base, a git repository:
  workerRepoUrl: https://git.example.com/team/bob-knowledge.git
  autoLearn: true";

/// What applying a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Applied {
    /// It was not there.
    Created,
    /// It was different.
    Changed,
    /// It was the same.
    Unchanged,
}

impl Applied {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A worker of a file beside the stored one.
struct Planned {
    file: String,
    wanted: WorkerDefinition,
    stored: Option<Worker>,
    change: Applied,
    /// Empty where nothing changes.
    diff: String,
}

/// What a program reads of one worker.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    change: Applied,
    diff: String,
    /// The worker as it then is; in a dry run only the definition.
    worker: Value,
}

/// Makes a worker, or changes it to what the definition says.
pub(crate) async fn apply(
    client: &Client,
    definition: &WorkerDefinition,
    lock: Lock,
) -> Result<(Applied, Worker), CliError> {
    let stored = stored(client, &definition.name).await?;
    put(client, stored, definition, lock).await
}

async fn stored(client: &Client, name: &str) -> Result<Option<Worker>, CliError> {
    match client.worker_by_name(name).await {
        Ok(stored) => Ok(Some(stored)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn put(
    client: &Client,
    stored: Option<Worker>,
    definition: &WorkerDefinition,
    lock: Lock,
) -> Result<(Applied, Worker), CliError> {
    let Some(stored) = stored else {
        return Ok((Applied::Created, client.create_worker(definition).await?));
    };
    // Asked only where something changes, so that a locked worker that stays as it is is no fault.
    if stored.hash == vwm_worker::hash(definition) {
        return Ok((Applied::Unchanged, stored));
    }
    let mut change = json!(definition);
    if definition.skills.is_empty() {
        // It is left out of a definition, and what is left out of a change stays as it is.
        change["skills"] = json!([]);
    }
    let worker = client.update_worker(stored.id, &change, lock).await?;
    let applied = if worker.revision == stored.revision {
        Applied::Unchanged
    } else {
        Applied::Changed
    };
    Ok((applied, worker))
}

/// Applies files.
pub(super) async fn apply_files(args: ApplyArgs, context: &Context) -> Result<(), CliError> {
    let drafts = drafts::read_drafts(drafts::read_files(&args.files)?)?;
    let client = context.client()?;
    let runtimes = client.runtimes().await?;
    let definitions = drafts::resolve_among(&runtimes, drafts)?;
    let planned = plan(&client, &runtimes, definitions, &args).await?;
    let mut reports = Vec::new();
    for it in planned {
        if !args.form.is_json() && (args.dry_run || it.change == Applied::Changed) {
            table::text(&it.diff);
        }
        let report = if args.dry_run {
            would(it, args.form)
        } else {
            does(&client, it, &reports, &args).await?
        };
        reports.push(report);
    }
    if args.form.is_json() {
        return table::json(&reports);
    }
    Ok(())
}

/// What all of it would change; what cannot be is told before anything is.
async fn plan(
    client: &Client,
    runtimes: &[Runtime],
    definitions: Vec<Filed<WorkerDefinition>>,
    args: &ApplyArgs,
) -> Result<Vec<Planned>, CliError> {
    let mut planned = Vec::new();
    let mut locked = Vec::new();
    for Filed { file, worker } in definitions {
        let stored = stored(client, &worker.name).await?;
        let change = match &stored {
            None => Applied::Created,
            Some(stored) if stored.hash == vwm_worker::hash(&worker) => Applied::Unchanged,
            Some(_) => Applied::Changed,
        };
        let is_locked = stored.as_ref().is_some_and(|it| it.definition.locked);
        if is_locked && change == Applied::Changed && !args.force {
            locked.push(format!("{file}: worker {} is locked", worker.name));
        }
        let diff = difference(&file, &worker, stored.as_ref(), runtimes)?;
        planned.push(Planned {
            file,
            wanted: worker,
            stored,
            change,
            diff,
        });
    }
    if locked.is_empty() {
        return Ok(planned);
    }
    Err(CliError::failed(
        format!("nothing was applied\n  {}", locked.join("\n  ")),
        "an admin's key may go over the lock with --force",
    ))
}

fn difference(
    file: &str,
    wanted: &WorkerDefinition,
    stored: Option<&Worker>,
    runtimes: &[Runtime],
) -> Result<String, CliError> {
    let (name, text) = match stored {
        Some(stored) => (
            format!("{}, revision {}", wanted.name, stored.revision),
            canonical_yaml(&stored.definition, runtimes)?,
        ),
        None => (format!("{}, not there yet", wanted.name), String::new()),
    };
    let before = Side {
        name: &name,
        text: &text,
    };
    let after = Side {
        name: file,
        text: &canonical_yaml(wanted, runtimes)?,
    };
    Ok(diff::unified(before, after, table::is_styled()))
}

/// The canonical form as a worker file would say it: keys in order, every default, the runtime by its name.
pub(super) fn canonical_yaml(
    worker: &WorkerDefinition,
    runtimes: &[Runtime],
) -> Result<String, CliError> {
    let mut value: Value = serde_json::from_str(&vwm_worker::canonical_json(worker))
        .expect("the canonical form is JSON");
    let runtime = runtimes.iter().find(|it| it.id == worker.runtime_id);
    if let (Some(runtime), Some(fields)) = (runtime, value.as_object_mut()) {
        fields.shift_remove("runtimeId");
        fields.insert("runtime".to_owned(), json!(runtime.definition.name));
        fields.sort_keys();
    }
    serde_saphyr::to_string(&value).map_err(|error| CliError::Part(anyhow::Error::new(error)))
}

fn would(it: Planned, form: Form) -> Report {
    let name = &it.wanted.name;
    if !form.is_json() {
        match it.change {
            Applied::Created => table::line(format!("worker {name} would be created")),
            Applied::Changed => table::line(format!("worker {name} would be changed")),
            Applied::Unchanged => table::line(format!("worker {name} unchanged")),
        }
        warn(name, &vwm_worker::warnings(&it.wanted));
    }
    Report {
        worker: json!(it.wanted),
        file: it.file,
        change: it.change,
        diff: it.diff,
    }
}

async fn does(
    client: &Client,
    it: Planned,
    before: &[Report],
    args: &ApplyArgs,
) -> Result<Report, CliError> {
    let (change, worker) = put(client, it.stored, &it.wanted, lock(args.force))
        .await
        .map_err(|error| not_applied(&it.file, &it.wanted.name, before, error))?;
    if !args.form.is_json() {
        let (name, revision) = (&worker.definition.name, worker.revision);
        let did = change.as_str();
        table::line(format!("worker {name} {did} (revision {revision})"));
        warn(name, &worker.warnings);
    }
    Ok(Report {
        worker: json!(worker),
        file: it.file,
        change,
        diff: it.diff,
    })
}

/// Says at which worker it stopped, and which ones stay applied.
fn not_applied(file: &str, name: &str, before: &[Report], error: CliError) -> CliError {
    let names: Vec<_> = before
        .iter()
        .filter_map(|it| it.worker["name"].as_str())
        .collect();
    let before = match names.as_slice() {
        [] => "nothing was applied before it".to_owned(),
        names => format!("applied before it: {}", names.join(", ")),
    };
    CliError::Within {
        what: format!("{file}: worker {name} is not applied; {before}"),
        source: Box::new(error),
    }
}
