//! `vwm session suspend` and `vwm session resume`.

use std::process::ExitCode;

use vwm_api::{Session, SessionId, SessionStatus};
use vwm_client::{Client, ClientError};

use super::missing;
use crate::error::CliError;
use crate::output::{Form, table};
use crate::sitting::Interrupts;

/// Suspends a session.
pub(super) async fn suspend(client: &Client, id: SessionId, form: Form) -> Result<(), CliError> {
    let session = client.suspend_session(id).await.map_err(missing(id))?;
    told(&session, "is suspended", form)
}

/// Resumes a session; one that does not become ready is a failure, and says why.
pub(super) async fn resume(
    client: &Client,
    id: SessionId,
    no_wait: bool,
    form: Form,
) -> Result<ExitCode, CliError> {
    if no_wait {
        let session = client.resume_session(id).await.map_err(missing(id))?;
        let does = match session.status {
            SessionStatus::Active => "is active",
            _ => "is resuming",
        };
        told(&session, does, form)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut interrupts = Interrupts::listen()?;
    let resumed = tokio::select! {
        resumed = client.resume_session_and_wait(id) => resumed,
        () = interrupts.next() => {
            return Err(CliError::Aborted {
                message: format!("nobody waited; session {id} resumes all the same, and `vwm session show {id}` tells how it goes"),
            });
        }
    };
    match resumed {
        Ok(session) => told(&session, "is active", form)?,
        Err(error @ ClientError::NotActive { .. }) => {
            return Err(CliError::failed(
                error.to_string(),
                format!("mend that and ask again; `vwm session end {id}` ends it"),
            ));
        }
        Err(error) => return Err(missing(id)(error)),
    }
    Ok(ExitCode::SUCCESS)
}

fn told(session: &Session, does: &str, form: Form) -> Result<(), CliError> {
    if form.is_json() {
        table::json(session)
    } else {
        table::line(format!("session {} {does}", session.id));
        Ok(())
    }
}
