//! `vwm session end`.

use std::process::ExitCode;

use vwm_api::{SessionId, SessionStatus};
use vwm_client::Client;

use super::missing;
use crate::commands::run;
use crate::error::CliError;
use crate::output::table;
use crate::sitting::{Interrupts, Owner, Screen, Sitting};

/// Ends a session, and shows how it goes; work that is not where it belongs is no success.
pub(super) async fn end(
    client: &Client,
    id: SessionId,
    no_wait: bool,
) -> Result<ExitCode, CliError> {
    let session = client.session(id).await.map_err(missing(id))?;
    if session.status == SessionStatus::Ended {
        table::line(format!("session {id} had ended already"));
        return Ok(ExitCode::SUCCESS);
    }
    if no_wait {
        client.end_session(id).await?;
        table::line(format!("session {id} is ending"));
        return Ok(ExitCode::SUCCESS);
    }
    let interrupts = Interrupts::listen()?;
    let mut sitting = Sitting::attach(client, id, Owner::Others, Screen::live(), interrupts);
    let Some(session) = sitting.end().await? else {
        return Ok(ExitCode::from(130));
    };
    let worker = client.worker(session.worker_id).await;
    let branches = run::branches(&sitting, session.repository.as_ref(), worker.as_ref().ok());
    run::tell(&mut sitting, &branches);
    table::line(format!("session {id} ended"));
    Ok(ExitCode::from(u8::from(sitting.remains.is_unpushed())))
}
