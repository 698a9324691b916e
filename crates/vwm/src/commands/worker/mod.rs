//! `vwm worker`: makes, changes, shows and deletes workers.

mod apply;
mod create;
mod drafts;
mod revisions;
mod show;

use clap::Subcommand;
use vwm_api::Worker;
use vwm_client::{Client, Lock};

pub(crate) use self::apply::apply;
pub(crate) use self::drafts::{read_drafts, resolve};
use super::session;
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, table};

/// What to do with workers.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Makes a worker from a few options: the shortest way to a first one
    Create(Box<create::CreateArgs>),
    /// Makes the workers of files, or changes them to what the files say; twice changes nothing
    Apply(apply::ApplyArgs),
    /// Lists all workers
    #[command(
        after_help = "Examples:\n  vwm worker list\n  vwm worker list --output json | jq -r '.[].name'"
    )]
    List {
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Shows one worker
    #[command(
        after_help = "Examples:\n  vwm worker show bob\n  vwm worker show bob --output json | jq -r .agentMd"
    )]
    Show {
        /// Its name
        name: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Lists the revisions of a worker, newest first, or shows what one of them changed
    #[command(
        after_help = "Examples:\n  vwm worker revisions bob\n  vwm worker revisions bob 3\n\nA session keeps the revision that it began with."
    )]
    Revisions {
        /// Its name
        name: String,
        /// Shows what this revision changed
        revision: Option<i64>,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Lists the sessions of a worker, newest first
    #[command(after_help = "Example:\n  vwm worker sessions bob")]
    Sessions {
        /// Its name
        name: String,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Deletes a worker that has no open session
    #[command(after_help = "Examples:\n  vwm worker delete bob\n  vwm worker delete bob --force")]
    Delete {
        /// Its name
        name: String,
        /// Goes over its lock, which is recorded
        #[arg(long)]
        force: bool,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
}

/// Does it.
pub(crate) async fn run(command: WorkerCommand, context: &Context) -> Result<(), CliError> {
    match command {
        WorkerCommand::Create(args) => create::create(*args, context).await,
        WorkerCommand::Apply(args) => apply::apply_files(args, context).await,
        WorkerCommand::List { form } => show::list(form, &context.client()?).await,
        WorkerCommand::Show { name, form } => {
            let worker = by_name(&context.client()?, &name).await?;
            show::show(form, &worker)
        }
        WorkerCommand::Revisions {
            name,
            revision,
            form,
        } => revisions::revisions(&context.client()?, &name, revision, form).await,
        WorkerCommand::Sessions { name, form } => {
            let client = context.client()?;
            let worker = by_name(&client, &name).await?;
            let sessions = client.worker_sessions(worker.id).await?;
            session::list::show(&client, &sessions, form).await
        }
        WorkerCommand::Delete { name, force, form } => {
            let client = context.client()?;
            let worker = by_name(&client, &name).await?;
            client.delete_worker(worker.id, lock(force)).await?;
            if form.is_json() {
                return table::json(&worker);
            }
            table::line(format!("worker {name} deleted"));
            Ok(())
        }
    }
}

/// The worker of a name, or where to find the right one.
pub(crate) async fn by_name(client: &Client, name: &str) -> Result<Worker, CliError> {
    match client.worker_by_name(name).await {
        Ok(worker) => Ok(worker),
        Err(error) if error.is_not_found() => Err(CliError::failed(
            format!("there is no worker {name:?}"),
            "`vwm worker list` shows those that there are; `vwm worker create` makes one",
        )),
        Err(error) => Err(error.into()),
    }
}

fn lock(force: bool) -> Lock {
    if force { Lock::Override } else { Lock::Respect }
}

/// Says what is accepted and has no effect.
fn warn(name: &str, warnings: &[vwm_api::Warning]) {
    for warning in warnings {
        table::aside(format!(
            "warning: {name}: {}: {}",
            warning.path, warning.message
        ));
    }
}
