//! `vwm prompt`: prompts in a session that is there.

use std::io::Read;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use vwm_api::{Answer, OnBusy, Prompt, SessionId};
use vwm_client::Client;

use super::session;
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{numbers, table};
use crate::sitting::{Ended, Interrupts, Owner, Screen, Sitting};

/// The longest that a turn may be given, in seconds.
pub(super) const TIMEOUT_MAX: i64 = 604_800;

/// What to prompt, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm prompt 0197… \"And now the tests\"\n  vwm prompt 0197… - < task.md"
)]
pub(crate) struct PromptArgs {
    /// The session's id
    pub(crate) session: SessionId,
    /// What the worker is asked; `-` reads standard input
    pub(crate) prompt: String,
    /// Gives the turn so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=TIMEOUT_MAX))]
    pub(crate) timeout: Option<u32>,
    /// Is refused when the conversation is busy, instead of waiting
    #[arg(long)]
    pub(crate) no_queue: bool,
    /// Writes one JSON object at the end, and nothing before
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prompts.
pub(crate) async fn run(args: PromptArgs, context: &Context) -> Result<ExitCode, CliError> {
    let mut prompt = prompt(&args.prompt, args.timeout)?;
    if args.no_queue {
        prompt.on_busy = OnBusy::Reject;
    }
    let client = context.client()?;
    let id = args.session;
    client.session(id).await.map_err(session::missing(id))?;
    let screen = screen(args.json);
    let interrupts = Interrupts::listen()?;
    let mut sitting = Sitting::attach(&client, id, Owner::Others, screen, interrupts);
    let ended = sitting.turn(&prompt).await?;
    if args.json {
        let answer = answer(&client, id, &ended).await?;
        table::json(&json!({ "sessionId": id, "answer": answer }))?;
    } else if let Ended::Complete(answer) = &ended {
        sitting.note(&numbers::spent(answer));
    }
    Ok(ExitCode::from(ended.exit_code()))
}

/// The prompt of a command line.
pub(crate) fn prompt(text: &str, timeout: Option<u32>) -> Result<Prompt, CliError> {
    let mut prompt = text.to_owned();
    if text == "-" {
        prompt.clear();
        std::io::stdin()
            .read_to_string(&mut prompt)
            .map_err(CliError::system("cannot read standard input; is it text?"))?;
    }
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
pub(crate) fn screen(json: bool) -> Screen {
    if json { Screen::Quiet } else { Screen::live() }
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
        Ended::Left => Ok(None),
    }
}
