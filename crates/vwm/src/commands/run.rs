//! `vwm run`: gives a worker one task, from the session's first to its last moment.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use vwm_api::{NewSession, Repository, Session, SessionStatus, Worker};
use vwm_client::Client;

use super::{prompt, worker};
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{numbers, table};
use crate::sitting::{Ended, Sitting, Started};

/// Whom to ask for what.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    /// The worker's name
    pub(crate) worker: String,
    /// What the worker is asked; `-` reads standard input
    pub(crate) prompt: String,
    /// Works on this repository: https, ssh, and on a server that listens on loopback also file and http
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// Starts from this branch of it
    #[arg(long, value_name = "BRANCH", requires = "repo", default_value = "main")]
    pub(crate) branch: String,
    /// Gives the turn so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u32>,
    /// Writes one JSON object at the end, and nothing before
    #[arg(long)]
    pub(crate) json: bool,
    /// Leaves the session open
    #[arg(long)]
    pub(crate) keep: bool,
}

const EXAMPLES: &str = "\
Examples:
  vwm run bob \"What do our guidelines say about errors?\"
  vwm run bob \"Add a health endpoint\" --repo https://git.example.com/team/service.git
  vwm run bob - --repo file:///srv/git/service.git --branch develop < task.md
  vwm run bob \"Count the tests\" --json | jq -r .answer.response

Ctrl-C aborts the turn and ends the session; twice leaves at once, and the server ends it.";

impl RunArgs {
    /// The repository that was named.
    #[must_use]
    pub(crate) fn repository(&self) -> Option<Repository> {
        Some(Repository {
            url: self.repo.clone()?,
            branch: self.branch.clone(),
        })
    }
}

/// Runs a worker.
pub(crate) async fn run(args: RunArgs, context: &Context) -> Result<ExitCode, CliError> {
    let prompt = prompt::prompt(&args.prompt, args.timeout)?;
    let client = context.client()?;
    let worker = worker::by_name(&client, &args.worker).await?;
    let new = NewSession {
        worker_id: Some(worker.id),
        repository: args.repository(),
        ..NewSession::default()
    };
    let screen = prompt::screen(args.json);
    let mut sitting = match Sitting::start(&client, &new, screen).await? {
        Started::Ready(sitting) => sitting,
        Started::Interrupted(mut sitting) => {
            sitting.note("leaving; the server ends the session");
            sitting.leave().await;
            return Ok(ExitCode::from(130));
        }
    };
    let ended = sitting.turn(&prompt).await;
    let session = match &ended {
        Ok(Ended::Left) => {
            sitting.leave().await;
            None
        }
        Ok(Ended::Complete(_) | Ended::Failed { .. }) if args.keep => {
            Some(client.session(sitting.session).await?)
        }
        Ok(Ended::Complete(_) | Ended::Failed { .. }) => sitting.end().await?,
        Err(_) if args.keep => None,
        Err(_) => {
            // The reason of the failure is told, and counts more than how the end went.
            let _ = sitting.end().await;
            None
        }
    };
    let ended = ended?;
    let branches = match &session {
        Some(session) => branches(session, &worker),
        None => Vec::new(),
    };
    if args.json {
        let answer = prompt::answer(&client, sitting.session, &ended).await?;
        let session = match session {
            Some(session) => Some(session),
            None => client.session(sitting.session).await.ok(),
        };
        table::json(&json!({ "session": session, "answer": answer, "branches": branches }))?;
    } else {
        tell(&mut sitting, &ended, &branches, args.keep);
    }
    Ok(ExitCode::from(ended.exit_code()))
}

/// A branch that a session's end pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Pushed {
    /// Where.
    pub(crate) repository: String,
    /// Its name.
    pub(crate) branch: String,
}

/// The branches that the end of a session pushed; none before it has ended.
#[must_use]
pub(crate) fn branches(session: &Session, worker: &Worker) -> Vec<Pushed> {
    let mut branches = Vec::new();
    if session.status != SessionStatus::Ended {
        return branches;
    }
    if let Some(repository) = &session.repository {
        branches.push(Pushed {
            repository: repository.url.clone(),
            branch: format!("session-{}", session.id),
        });
    }
    if let Some(url) = &worker.definition.worker_repo_url {
        branches.push(Pushed {
            repository: url.clone(),
            branch: format!("ff-vwm/{}-{}", session.worker_id, session.id),
        });
    }
    branches
}

/// Says what came of a session.
pub(crate) async fn tell_end(
    client: &Client,
    sitting: &mut Sitting,
    worker: &Worker,
    ended: &Ended,
) {
    if let Ok(session) = client.session(sitting.session).await {
        tell(sitting, ended, &branches(&session, worker), false);
    }
}

fn tell(sitting: &mut Sitting, ended: &Ended, branches: &[Pushed], keep: bool) {
    for pushed in branches {
        sitting.note(&format!(
            "pushed {} to {}",
            pushed.branch, pushed.repository
        ));
    }
    if let Ended::Complete(answer) = ended {
        sitting.note(&numbers::spent(answer));
    }
    if keep {
        let id = sitting.session;
        sitting.note(&format!(
            "the session is open: `vwm prompt {id} \"…\"` goes on, `vwm session end {id}` ends it"
        ));
    }
}
