//! `vwm session start`.

use std::process::ExitCode;

use clap::Args;
use vwm_api::{NewSession, Repository};
use vwm_client::Client;

use crate::commands::prompt::TIMEOUT_MAX;
use crate::commands::{prompt, worker};
use crate::error::CliError;
use crate::output::{Form, table};
use crate::sitting::{Sitting, Started};

/// With whom, and on what.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm session start bob\n  vwm session start bob --repo https://git.example.com/team/service.git --breadcrumb ticket-42\n  session=$(vwm session start bob) && vwm prompt \"$session\" \"What is this about?\"\n\nThe session is open until `vwm session end`."
)]
pub(crate) struct StartArgs {
    /// The worker's name
    worker: String,
    /// Works on this repository: https, ssh, and on a server that listens on loopback also file and http
    #[arg(long, value_name = "URL")]
    repo: Option<String>,
    /// Starts from this branch of it
    #[arg(long, value_name = "BRANCH", requires = "repo", default_value = "main")]
    branch: String,
    /// Marks the session, for finding it again; give it as often as needed
    #[arg(long = "breadcrumb", value_name = "TEXT")]
    breadcrumbs: Vec<String>,
    /// Ends the session after so many seconds with a job; 0 is without an end [default: the worker's]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=TIMEOUT_MAX))]
    timeout: Option<u32>,
    /// Leaves no branch of the session on the remote when its base holds all of it already
    #[arg(long)]
    auto_delete_branch: bool,
    /// Asks for the session and does not wait until it is ready
    #[arg(long)]
    no_wait: bool,
    /// In which form
    #[command(flatten)]
    form: Form,
}

/// Makes a session, waits until it is ready, and prints its id.
pub(super) async fn start(client: &Client, args: StartArgs) -> Result<ExitCode, CliError> {
    let worker = worker::by_name(client, &args.worker).await?;
    let branch = args.branch;
    let new = NewSession {
        worker_id: Some(worker.id),
        repository: args.repo.map(|url| Repository { url, branch }),
        breadcrumbs: args.breadcrumbs,
        timeout: args.timeout,
        auto_delete_branch: args.auto_delete_branch,
        ..NewSession::default()
    };
    let session = if args.no_wait {
        client.create_session(&new).await?
    } else {
        let screen = prompt::screen(args.form.is_json());
        let id = match Sitting::start(client, &new, screen).await? {
            Started::Ready(sitting) => sitting.session,
            Started::Failed(_, error) => return Err(error),
            Started::Interrupted(sitting) => {
                let id = sitting.session;
                return Err(CliError::Aborted {
                    message: format!(
                        "nobody waited; session {id} is made all the same, and `vwm session end {id}` ends it"
                    ),
                });
            }
        };
        client.session(id).await?
    };
    if args.form.is_json() {
        table::json(&session)?;
    } else {
        let id = session.id;
        table::line(id);
        table::aside(format!("hint: `vwm prompt {id} \"…\"` asks"));
        table::aside(format!("      `vwm telemetry {id}` tells what it cost"));
        table::aside(format!("      `vwm session end {id}` ends it"));
    }
    Ok(ExitCode::SUCCESS)
}
