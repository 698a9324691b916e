//! `vwm worker`: makes, changes, shows and deletes workers.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use vwm_api::{RuntimeId, Worker, WorkerDefinition};
use vwm_client::{Client, Lock};
use vwm_worker::Draft;

use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Output, numbers, table};

/// What to do with workers.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Makes the workers of a file, or changes them to what the file says; twice changes nothing
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(ApplyArgs),
    /// Lists all workers
    #[command(after_help = "Example:\n  vwm worker list --output json | jq -r '.[].name'")]
    List {
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Shows one worker
    #[command(after_help = "Example:\n  vwm worker show bob")]
    Show {
        /// Its name
        name: String,
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Deletes a worker that has no open session
    #[command(after_help = "Example:\n  vwm worker delete bob")]
    Delete {
        /// Its name
        name: String,
        /// Goes over its lock, which is recorded
        #[arg(long)]
        force: bool,
    },
}

/// Which files to apply.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// YAML or JSON, one worker or many; `-` reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE", required = true, num_args = 1..)]
    pub(crate) files: Vec<PathBuf>,
    /// Goes over the lock of a locked worker, which is recorded
    #[arg(long)]
    pub(crate) force: bool,
}

const APPLY_EXAMPLES: &str = "\
Examples:
  vwm worker apply -f bob.yaml
  vwm worker apply -f team/*.yaml
  cat bob.json | vwm worker apply -f -

A file that is enough:
  name: bob
  cliType: claude-code
  agentMd: |
    You are Bob, a backend engineer.

For a worker that learns from its sessions, add its knowledge base, a git repository:
  workerRepoUrl: https://git.example.com/team/bob-knowledge.git
  autoLearn: true";

/// Does it.
pub(crate) async fn run(command: WorkerCommand, context: &Context) -> Result<(), CliError> {
    match command {
        WorkerCommand::Apply(args) => apply_files(args, context).await,
        WorkerCommand::List { output } => list(output, &context.client()?).await,
        WorkerCommand::Show { name, output } => {
            let worker = by_name(&context.client()?, &name).await?;
            show(output, &worker)
        }
        WorkerCommand::Delete { name, force } => {
            let client = context.client()?;
            let worker = by_name(&client, &name).await?;
            client.delete_worker(worker.id, lock(force)).await?;
            table::line(format!("worker {name} deleted"));
            Ok(())
        }
    }
}

/// What applying a worker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It was not there.
    Created,
    /// It was different.
    Changed,
    /// It was the same.
    Unchanged,
}

/// Makes a worker, or changes it to what the draft says.
pub(crate) async fn apply(
    client: &Client,
    definition: &WorkerDefinition,
    lock: Lock,
) -> Result<(Applied, Worker), CliError> {
    let stored = match client.worker_by_name(&definition.name).await {
        Ok(stored) => stored,
        Err(error) if error.is_not_found() => {
            return Ok((Applied::Created, client.create_worker(definition).await?));
        }
        Err(error) => return Err(error.into()),
    };
    // Asked only where something changes, so that a locked worker that stays as it is is no fault.
    if stored.hash == vwm_worker::hash(definition) {
        return Ok((Applied::Unchanged, stored));
    }
    let worker = client.update_worker(stored.id, definition, lock).await?;
    let applied = if worker.revision == stored.revision {
        Applied::Unchanged
    } else {
        Applied::Changed
    };
    Ok((applied, worker))
}

/// A worker, and the file that it comes from.
#[derive(Debug)]
pub(crate) struct Filed<T> {
    /// As it was named.
    pub(crate) file: String,
    /// The worker.
    pub(crate) worker: T,
}

/// Reads workers; every fault of every file is told at once.
pub(crate) fn read_drafts(files: Vec<(String, String)>) -> Result<Vec<Filed<Draft>>, CliError> {
    let mut drafts = Vec::new();
    let mut faults = Vec::new();
    let mut owner: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in files {
        match vwm_worker::parse_file(&file, &text) {
            Ok(found) => {
                for draft in found {
                    let name = draft.name().to_owned();
                    if let Some(other) = owner.insert(name.clone(), file.clone()) {
                        faults.push(format!(
                            "{file}: {other} has a worker {name:?}, too; rename one"
                        ));
                    }
                    let file = file.clone();
                    drafts.push(Filed {
                        file,
                        worker: draft,
                    });
                }
            }
            Err(found) => faults.extend(found.iter().map(ToString::to_string)),
        }
    }
    if faults.is_empty() {
        return Ok(drafts);
    }
    let these = if faults.len() == 1 {
        "a fault"
    } else {
        "faults"
    };
    Err(CliError::failed(
        format!(
            "nothing was applied: there are {these}\n  {}",
            faults.join("\n  ")
        ),
        "docs/worker-file.md has the fields of a worker; `vwm worker show NAME` shows one that works",
    ))
}

/// Finds each draft's runtime; all that are unknown are told at once.
pub(crate) async fn resolve(
    client: &Client,
    drafts: Vec<Filed<Draft>>,
) -> Result<Vec<Filed<WorkerDefinition>>, CliError> {
    let runtimes = client.runtimes().await?;
    let mut definitions = Vec::new();
    let mut faults = Vec::new();
    for Filed {
        file,
        worker: draft,
    } in drafts
    {
        let found: Option<RuntimeId> = match draft.runtime.look_up() {
            Ok(id) => runtimes.iter().find(|it| it.id == id).map(|it| it.id),
            Err(name) => {
                let named = runtimes.iter().find(|it| it.definition.name == name);
                named.map(|it| it.id)
            }
        };
        match found {
            Some(id) => definitions.push(Filed {
                file,
                worker: draft.resolve(id),
            }),
            None => {
                let message = draft.runtime.unknown().message;
                faults.push(format!("{file}: worker {}: {message}", draft.name()));
            }
        }
    }
    if faults.is_empty() {
        return Ok(definitions);
    }
    let names: Vec<_> = runtimes
        .iter()
        .map(|it| it.definition.name.as_str())
        .collect();
    Err(CliError::failed(
        format!("nothing was applied\n  {}", faults.join("\n  ")),
        format!("the runtimes of this server: {}", names.join(", ")),
    ))
}

async fn apply_files(args: ApplyArgs, context: &Context) -> Result<(), CliError> {
    let mut files = Vec::new();
    for path in &args.files {
        let name = match path.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        files.push((name, read(path)?));
    }
    let drafts = read_drafts(files)?;
    let client = context.client()?;
    let mut before = Vec::new();
    for Filed { file, worker } in resolve(&client, drafts).await? {
        let (applied, worker) = apply(&client, &worker, lock(args.force))
            .await
            .map_err(|error| not_applied(&file, &worker.name, &before, error))?;
        before.push(worker.definition.name.clone());
        let (name, revision) = (&worker.definition.name, worker.revision);
        let did = match applied {
            Applied::Created => "created",
            Applied::Changed => "changed",
            Applied::Unchanged => "unchanged",
        };
        table::line(format!("worker {name} {did} (revision {revision})"));
        for warning in &worker.warnings {
            eprintln!("warning: {name}: {}: {}", warning.path, warning.message);
        }
    }
    Ok(())
}

/// Says at which worker it stopped, and which ones stay applied.
fn not_applied(file: &str, name: &str, before: &[String], error: CliError) -> CliError {
    let before = match before {
        [] => "nothing was applied before it".to_owned(),
        names => format!("applied before it: {}", names.join(", ")),
    };
    CliError::Within {
        what: format!("{file}: worker {name} is not applied; {before}"),
        source: Box::new(error),
    }
}

fn read(path: &PathBuf) -> Result<String, CliError> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(CliError::system("cannot read standard input; is it text?"))?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(CliError::system(format!(
        "cannot read {}; does it exist, and is it text?",
        path.display()
    )))
}

async fn list(output: Output, client: &Client) -> Result<(), CliError> {
    let workers = client.workers().await?;
    if output == Output::Json {
        return table::json(&workers);
    }
    if workers.is_empty() {
        eprintln!("there is no worker yet: `vwm worker apply -f FILE` makes one");
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

fn show(output: Output, worker: &Worker) -> Result<(), CliError> {
    if output == Output::Json {
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

/// The worker of a name, or where to find the right one.
pub(crate) async fn by_name(client: &Client, name: &str) -> Result<Worker, CliError> {
    match client.worker_by_name(name).await {
        Ok(worker) => Ok(worker),
        Err(error) if error.is_not_found() => Err(CliError::failed(
            format!("there is no worker {name:?}"),
            "`vwm worker list` shows those that there are; `vwm worker apply -f FILE` makes one",
        )),
        Err(error) => Err(error.into()),
    }
}

fn lock(force: bool) -> Lock {
    if force { Lock::Override } else { Lock::Respect }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_all_files_are_told_with_their_places() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let good = "name: bob\ncliType: claude-code\n";
        let error = read_drafts(vec![
            file("a.yaml", good),
            file("b.yaml", "name: eve\ncliType: nobody\n"),
            file("c.yaml", good),
        ])
        .expect_err("two faults");
        let told = error.told();
        assert!(told.contains("\n  b.yaml:2:10: "), "{told}");
        assert!(
            told.contains("\n  c.yaml: a.yaml has a worker \"bob\""),
            "{told}"
        );
        assert_eq!(error.exit_code(), 1);
    }
}
