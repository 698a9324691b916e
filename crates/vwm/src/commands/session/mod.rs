//! `vwm session`: lists, shows and ends sessions, and pushes what they left.

mod end;
mod list;
mod push;
mod show;
mod telemetry;

use std::process::ExitCode;

use clap::{Subcommand, builder::PossibleValuesParser};
use vwm_api::{SessionId, SessionStatus};
use vwm_client::{ClientError, SessionFilter};

use super::worker;
use crate::connect::Context;
use crate::error::CliError;
use crate::output::Output;

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Lists sessions, newest first
    #[command(after_help = "Example:\n  vwm session list --status active --worker bob")]
    List {
        /// Only those that stand there
        #[arg(long, value_parser = PossibleValuesParser::new(SessionStatus::ALL.map(SessionStatus::as_str)))]
        status: Option<String>,
        /// Only those of this worker
        #[arg(long, value_name = "NAME")]
        worker: Option<String>,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: usize,
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Shows one session and its turns
    #[command(after_help = "Example:\n  vwm session show 0197…")]
    Show {
        /// Its id
        id: SessionId,
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Shows what each turn of a session took, in tokens and time, and what came of learning
    #[command(
        after_help = "Examples:\n  vwm session telemetry 0197…\n  vwm session telemetry 0197… --output json | jq 'map(.tokensIn) | add'"
    )]
    Telemetry {
        /// Its id
        id: SessionId,
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Ends a session: the worker writes down what it learned, the work is pushed, the workspace removed
    #[command(
        after_help = "Examples:\n  vwm session end 0197…\n  vwm session end 0197… --no-wait\n\nCtrl-C leaves, and the server ends the session all the same."
    )]
    End {
        /// Its id
        id: SessionId,
        /// Shows the end as it goes, which is what happens anyway
        #[arg(long, conflicts_with = "no_wait")]
        wait: bool,
        /// Asks for the end and does not wait for it
        #[arg(long)]
        no_wait: bool,
    },
    /// Pushes the branches that the end of a session could not push
    #[command(
        after_help = "Examples:\n  vwm session push 0197…\n  vwm session push 0197… --output json\n\nExit code 0 when the remotes have everything, 1 when they still do not."
    )]
    Push {
        /// Its id
        id: SessionId,
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

/// Does it.
pub(crate) async fn run(command: SessionCommand, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client()?;
    match command {
        SessionCommand::List {
            status,
            worker,
            limit,
            output,
        } => {
            let mut filter = SessionFilter {
                status: status.and_then(|name| status_of(&name)),
                ..SessionFilter::default()
            };
            if let Some(name) = worker {
                filter.worker_id = Some(worker::by_name(&client, &name).await?.id);
            }
            list::list(&client, filter, limit, output).await?;
        }
        SessionCommand::Show { id, output } => show::show(&client, id, output).await?,
        SessionCommand::Telemetry { id, output } => {
            telemetry::telemetry(&client, id, output).await?;
        }
        SessionCommand::End { id, no_wait, .. } => return end::end(&client, id, no_wait).await,
        SessionCommand::Push { id, output } => return push::push(&client, id, output).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Says which session is not there.
pub(crate) fn missing(id: SessionId) -> impl FnOnce(ClientError) -> CliError {
    move |error| {
        if error.is_not_found() {
            return CliError::failed(
                format!("there is no session {id}"),
                "`vwm session list` shows those that there are",
            );
        }
        error.into()
    }
}

fn status_of(name: &str) -> Option<SessionStatus> {
    SessionStatus::ALL
        .into_iter()
        .find(|it| it.as_str() == name)
}
