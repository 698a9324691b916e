//! `vwm prompt`: prompts in a session that is there.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use vwm_api::{Answer, OnBusy, Prompt, SessionId, SubsessionId};
use vwm_client::Client;

use super::session::named::Named;
use super::{input, session};
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, numbers, table};
use crate::sitting::{Ended, Interrupts, Leave, Owner, Screen, Sitting};

/// The longest that a turn may be given, in seconds.
pub(super) const TIMEOUT_MAX: i64 = 604_800;

/// What to prompt, and where.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PromptArgs {
    /// The session's id, or the beginning of it
    pub(crate) session: Named,
    /// What the worker is asked; `-` reads standard input; left out, what is piped in
    pub(crate) prompt: Option<String>,
    /// Gives the turn so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=TIMEOUT_MAX))]
    pub(crate) timeout: Option<u32>,
    /// Marks the turn, for finding it again; give it as often as needed
    #[arg(long = "breadcrumb", value_name = "TEXT")]
    pub(crate) breadcrumbs: Vec<String>,
    /// Speaks in this conversation of the session [default: its main one]
    #[arg(long, value_name = "ID")]
    pub(crate) subsession: Option<SubsessionId>,
    /// When the conversation is busy: queue waits its turn, reject is refused
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) on_busy: Busy,
    /// The same as `--on-busy reject`
    #[arg(long, hide = true)]
    pub(crate) no_queue: bool,
    /// Prints the request's id at once and leaves; the turn goes on by itself
    #[arg(long)]
    pub(crate) detach: bool,
    /// The same as `--output json`
    #[arg(long, hide = true)]
    pub(crate) json: bool,
    /// In which form
    #[command(flatten)]
    pub(crate) form: Form,
}

/// What happens when a conversation is busy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Busy {
    /// The prompt waits its turn.
    #[default]
    Queue,
    /// It is refused.
    Reject,
}

const EXAMPLES: &str = "\
Examples:
  vwm prompt 0197… \"And now the tests\"
  vwm prompt 0197… - < task.md
  git diff | vwm prompt 0197… --timeout 600
  request=$(vwm prompt 0197… \"Take your time\" --detach)
  vwm session watch 0197… \"$request\"

Ctrl-C aborts the turn; twice leaves at once. Exit codes: 0 complete, 1 failed, 3 outcome unknown, 130 aborted,
141 nobody reads any more, and the turn goes on.";

/// Prompts.
pub(crate) async fn run(args: PromptArgs, context: &Context) -> Result<ExitCode, CliError> {
    let is_json = args.json || args.form.is_json();
    let mut prompt = prompt(args.prompt.as_deref(), args.timeout)?;
    prompt.subsession_id = args.subsession;
    prompt.breadcrumbs = args.breadcrumbs;
    if args.no_queue || args.on_busy == Busy::Reject {
        prompt.on_busy = OnBusy::Reject;
    }
    let client = context.client()?;
    let id = args.session.find(&client).await?;
    client.session(id).await.map_err(session::missing(id))?;
    if args.detach {
        let accepted = client.request_turn(id, &prompt).await?;
        if is_json {
            table::json(&accepted)?;
        } else {
            table::line(accepted.request_id);
            let turn = accepted.request_id;
            table::aside(format!("hint: `vwm session watch {id} {turn}` shows it"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let interrupts = Interrupts::listen()?;
    let mut sitting = Sitting::attach(&client, id, Owner::Others, screen(is_json), interrupts);
    let ended = sitting.turn(&prompt).await?;
    close(&client, &mut sitting, &ended, is_json).await
}

/// Says how a turn ended, as the last thing that a command does.
pub(super) async fn close(
    client: &Client,
    sitting: &mut Sitting,
    ended: &Ended,
    is_json: bool,
) -> Result<ExitCode, CliError> {
    if matches!(ended, Ended::Left(Leave::Unread)) {
        return Ok(ExitCode::from(ended.exit_code()));
    }
    let id = sitting.session;
    let answer = answer(client, id, ended).await;
    if is_json {
        table::json(&json!({ "sessionId": id, "answer": answer? }))?;
    } else if let Ok(Some(answer)) = &answer {
        // Why a turn failed is told already.
        sitting.note(&numbers::ended(answer));
    }
    Ok(ExitCode::from(ended.exit_code()))
}

/// The prompt of a command line.
pub(crate) fn prompt(text: Option<&str>, timeout: Option<u32>) -> Result<Prompt, CliError> {
    let prompt = match text {
        Some("-") => input::stdin()?,
        Some(text) => text.to_owned(),
        None if io::stdin().is_terminal() => String::new(),
        None => input::stdin()?,
    };
    if prompt.trim().is_empty() {
        return Err(CliError::usage(
            "the prompt is empty",
            "say what the worker is to do, or pipe it in with `-`",
        ));
    }
    Ok(Prompt {
        prompt,
        subsession_id: None,
        timeout,
        breadcrumbs: Vec::new(),
        on_busy: OnBusy::Queue,
    })
}

/// Where a command shows its events.
pub(crate) fn screen(is_json: bool) -> Screen {
    if is_json {
        Screen::Quiet
    } else {
        Screen::live()
    }
}

/// The whole answer of a turn, also of one that failed.
pub(crate) async fn answer(
    client: &Client,
    session: SessionId,
    ended: &Ended,
) -> Result<Option<Answer>, CliError> {
    match ended {
        Ended::Complete(answer) => Ok(Some(answer.as_ref().clone())),
        Ended::Failed { turn, .. } => Ok(client.request(session, *turn).await?.answer),
        Ended::Left(_) => Ok(None),
    }
}
