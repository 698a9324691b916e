//! `vwm run`: gives a worker one task, from the session's first to its last moment.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use vwm_api::{Answer, Learning, NewSession, Repository, Session, SessionId, TurnKind, Worker};
use vwm_client::Client;

use super::prompt::TIMEOUT_MAX;
use super::{prompt, worker};
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, numbers, table};
use crate::sitting::{Ended, Learned, Push, Sitting, Started};

/// Whom to ask for what.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    /// The worker's name
    pub(crate) worker: String,
    /// What the worker is asked; `-` reads standard input; left out, what is piped in
    pub(crate) prompt: Option<String>,
    /// Works on this repository: https, ssh, and on a server that listens on loopback also file and http
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// Starts from this branch of it
    #[arg(long, value_name = "BRANCH", requires = "repo", default_value = "main")]
    pub(crate) branch: String,
    /// Gives the turn so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=TIMEOUT_MAX))]
    pub(crate) timeout: Option<u32>,
    /// Marks the session, for finding it again; give it as often as needed
    #[arg(long = "breadcrumb", value_name = "TEXT")]
    pub(crate) breadcrumbs: Vec<String>,
    /// Leaves the session open
    #[arg(long)]
    pub(crate) keep: bool,
    /// The same as `--output json`
    #[arg(long, hide = true)]
    pub(crate) json: bool,
    /// In which form: for programs one object at the end, and nothing before
    #[command(flatten)]
    pub(crate) form: Form,
}

const EXAMPLES: &str = "\
Examples:
  vwm run bob \"What do our guidelines say about errors?\"
  vwm run bob \"Add a health endpoint\" --repo https://git.example.com/team/service.git
  vwm run bob - --repo file:///srv/git/service.git --branch develop < task.md
  vwm run bob \"Count the tests\" --output json | jq -r .answer.response

The answer is on standard output, all else on standard error. Ctrl-C aborts the turn and ends the session; twice leaves at once, \
and the server ends it.

Exit codes: 0 done and pushed, 1 failed, 3 outcome unknown, 130 aborted, also where only the end was left.
Where nobody reads any more it goes on all the same, to the session's end.";

impl RunArgs {
    /// Whether a program reads it.
    #[must_use]
    pub(crate) fn is_json(&self) -> bool {
        self.json || self.form.is_json()
    }

    /// The repository that was named.
    #[must_use]
    pub(crate) fn repository(&self) -> Option<Repository> {
        Some(Repository {
            url: self.repo.clone()?,
            branch: self.branch.clone(),
        })
    }
}

/// What a program reads.
#[derive(Debug, Default, Serialize)]
struct Report {
    session: Option<Session>,
    answer: Option<Answer>,
    /// Those that the session's end pushed.
    branches: Vec<Pushed>,
    /// What came of learning, where the worker learns.
    learning: Option<Learning>,
    /// Why there is no answer.
    error: Option<Reason>,
}

#[derive(Debug, Serialize)]
struct Reason {
    message: String,
}

impl Report {
    fn because(&mut self, message: impl Into<String>) {
        let message = message.into();
        self.error = Some(Reason { message });
    }
}

/// Runs a worker.
pub(crate) async fn run(args: RunArgs, context: &Context) -> Result<ExitCode, CliError> {
    let mut report = Report::default();
    let result = task(&args, context, &mut report).await;
    if args.is_json() {
        if let Err(error) = &result {
            report.because(error.to_string());
        }
        table::json(&report)?;
    }
    result
}

async fn task(
    args: &RunArgs,
    context: &Context,
    report: &mut Report,
) -> Result<ExitCode, CliError> {
    let prompt = prompt::prompt(args.prompt.as_deref(), args.timeout)?;
    let client = context.client()?;
    let worker = worker::by_name(&client, &args.worker).await?;
    let new = NewSession {
        worker_id: Some(worker.id),
        repository: args.repository(),
        breadcrumbs: args.breadcrumbs.clone(),
        ..NewSession::default()
    };
    let screen = prompt::screen(args.is_json());
    let mut sitting = match Sitting::start(&client, &new, screen).await? {
        Started::Ready(sitting) => sitting,
        Started::Interrupted(mut sitting) => {
            sitting.note("leaving; the server ends the session");
            sitting.leave().await;
            report.session = client.session(sitting.session).await.ok();
            report.because("stopped before the session was ready; the server ends it");
            return Ok(ExitCode::from(130));
        }
        Started::Failed(sitting, error) => {
            report.session = client.session(sitting.session).await.ok();
            return Err(error);
        }
    };
    let ended = sitting.turn(&prompt).await;
    let closed = match &ended {
        Ok(Ended::Left(_)) => {
            sitting.leave().await;
            report.because("left before the turn was over; the server ends the session");
            Ok(None)
        }
        Ok(_) | Err(_) if args.keep => Ok(None),
        Ok(_) | Err(_) => sitting.end().await,
    };
    report.session = match &closed {
        Ok(Some(session)) => Some(session.clone()),
        Ok(None) | Err(_) => client.session(sitting.session).await.ok(),
    };
    // The reason of a turn's failure is told first, and counts more than how the end went.
    let ended = ended?;
    // Ctrl-C came before the end was seen: nobody knows yet whether the work gets where it belongs.
    let is_left = closed?.is_none() && !args.keep;
    if is_left && !matches!(ended, Ended::Left(_)) {
        report.because("left before the session's end; the server ends it");
    }
    let branches = branches(&sitting, new.repository.as_ref(), Some(&worker));
    let answer = prompt::answer(&client, sitting.session, &ended).await;
    if args.is_json() {
        report.answer = answer?;
        report.branches = branches;
        report.learning = learning(&client, sitting.session).await?;
    } else {
        tell(&mut sitting, &branches);
        // Why a turn failed is told already.
        if let Ok(Some(answer)) = &answer {
            sitting.note(&numbers::ended(answer));
        }
    }
    if args.keep && !matches!(ended, Ended::Left(_)) {
        let id = sitting.session;
        sitting.note(&format!(
            "the session is open: `vwm prompt {id} \"…\"` goes on, `vwm session end {id}` ends it"
        ));
    }
    let code = match ended.exit_code() {
        // The work is done, and not where it belongs.
        0 if sitting.remains.is_unpushed() => 1,
        0 if is_left => 130,
        code => code,
    };
    Ok(ExitCode::from(code))
}

async fn learning(client: &Client, session: SessionId) -> Result<Option<Learning>, CliError> {
    let rows = client.telemetry(session).await?;
    let row = rows.into_iter().find(|row| row.kind == TurnKind::Learning);
    Ok(row.and_then(|row| row.learning))
}

/// A branch that a session's end pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Pushed {
    /// Where, as far as it is known.
    pub(crate) repository: Option<String>,
    /// Its name.
    pub(crate) branch: String,
    /// Where it stands.
    pub(crate) sha: String,
}

/// The branches that a session's end says it pushed, the work's first: they are pushed side by side.
#[must_use]
pub(crate) fn branches(
    sitting: &Sitting,
    repository: Option<&Repository>,
    worker: Option<&Worker>,
) -> Vec<Pushed> {
    let session = sitting.session;
    let of_session = format!("session-{session}");
    let of_worker = worker.map(|worker| format!("ff-vwm/{}-{session}", worker.id));
    let pushed = |push: &Push| {
        let Push::Done { branch, sha } = push else {
            return None;
        };
        let repository = match branch {
            it if *it == of_session => repository.map(|it| it.url.clone()),
            it if Some(it) == of_worker.as_ref() => {
                worker.and_then(|worker| worker.definition.worker_repo_url.clone())
            }
            _ => None,
        };
        Some(Pushed {
            repository,
            branch: branch.clone(),
            sha: sha.clone(),
        })
    };
    let mut branches: Vec<_> = sitting.remains.pushes.iter().filter_map(pushed).collect();
    branches.sort_by_key(|it| it.branch != of_session);
    branches
}

/// Says what came of a session's end.
pub(crate) fn tell(sitting: &mut Sitting, branches: &[Pushed]) {
    for pushed in branches {
        let at = pushed.repository.as_ref();
        let at = at.map(|url| format!(" in {url}")).unwrap_or_default();
        sitting.note(&format!(
            "{} is pushed at {}{at}",
            pushed.branch, pushed.sha
        ));
    }
    let remains = sitting.remains.clone();
    for push in &remains.pushes {
        match push {
            Push::Done { .. } => {}
            Push::Not(why) | Push::Unpushed(why) => sitting.note(why),
        }
    }
    match &remains.learned {
        Some(Learned::At(path)) => sitting.note(&format!("learned: {path}, for review")),
        Some(Learned::Not(why)) => sitting.note(&format!("not learned: {why}")),
        None => {}
    }
    if let Some(answer) = &remains.answer {
        sitting.note(&format!("learning took {}", numbers::spent(answer)));
    }
    if remains.is_unpushed() {
        let id = sitting.session;
        sitting.note(&format!(
            "the commits are kept: mend that, then `vwm session push {id}` brings them"
        ));
    }
}
