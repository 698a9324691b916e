//! `vwm session`: begins, lists, shows, suspends, resumes and ends sessions, and pushes what they left.

mod command;
mod end;
pub(super) mod list;
pub(super) mod named;
mod push;
mod requests;
mod retry;
mod show;
mod sleep;
mod start;
mod telemetry;
mod transcript;
mod watch;

use std::process::ExitCode;

use vwm_api::{AbortRequest, SessionId, SessionStatus};
use vwm_client::{ClientError, SessionFilter};

pub(crate) use self::command::{SessionCommand, TelemetryArgs};
use super::worker;
use crate::connect::Context;
use crate::error::CliError;

/// Does it.
pub(crate) async fn run(command: SessionCommand, context: &Context) -> Result<ExitCode, CliError> {
    let client = context.client()?;
    match command {
        SessionCommand::Start(args) => return start::start(&client, args).await,
        SessionCommand::List {
            status,
            worker,
            breadcrumb,
            limit,
            form,
        } => {
            let mut filter = SessionFilter {
                status: status.and_then(|name| status_of(&name)),
                breadcrumb,
                ..SessionFilter::default()
            };
            if let Some(name) = worker {
                filter.worker_id = Some(worker::by_name(&client, &name).await?.id);
            }
            list::list(&client, filter, limit, form).await?;
        }
        SessionCommand::Show { id, form } => {
            show::show(&client, id.find(&client).await?, form).await?;
        }
        SessionCommand::Watch { id, request, form } => {
            return watch::watch(&client, id.find(&client).await?, request, form).await;
        }
        SessionCommand::Events { id, after, form } => {
            return watch::events(&client, id.find(&client).await?, after, form).await;
        }
        SessionCommand::Requests { id, request, form } => {
            requests::requests(&client, id.find(&client).await?, request, form).await?;
        }
        SessionCommand::Retry {
            id,
            request,
            detach,
            form,
        } => {
            let id = id.find(&client).await?;
            return retry::retry(&client, id, request, detach, form).await;
        }
        SessionCommand::Telemetry(args) => {
            telemetry::telemetry(&client, args.id.find(&client).await?, args.form).await?;
        }
        SessionCommand::Transcript { id } => {
            transcript::transcript(&client, id.find(&client).await?).await?;
        }
        SessionCommand::Abort {
            id,
            request,
            subsession,
            form,
        } => {
            let which = AbortRequest {
                subsession_id: subsession,
                request_id: request,
            };
            requests::abort(&client, id.find(&client).await?, which, form).await?;
        }
        SessionCommand::Suspend { id, form } => {
            sleep::suspend(&client, id.find(&client).await?, form).await?;
        }
        SessionCommand::Resume {
            id, no_wait, form, ..
        } => return sleep::resume(&client, id.find(&client).await?, no_wait, form).await,
        SessionCommand::End {
            id, no_wait, form, ..
        } => return end::end(&client, id.find(&client).await?, no_wait, form).await,
        SessionCommand::Push { id, form } => {
            return push::push(&client, id.find(&client).await?, form).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `vwm telemetry`, the short way.
pub(crate) async fn telemetry(
    args: TelemetryArgs,
    context: &Context,
) -> Result<ExitCode, CliError> {
    run(SessionCommand::Telemetry(args), context).await
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
