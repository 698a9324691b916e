//! `vwm session end`.

use std::process::ExitCode;

use vwm_api::{Session, SessionId, SessionStatus};
use vwm_client::Client;

use super::missing;
use crate::commands::{prompt, run};
use crate::error::CliError;
use crate::output::{Form, table};
use crate::sitting::{Interrupts, Owner, Sitting};

/// Ends a session, and shows how it goes; work that is not where it belongs is no success.
pub(super) async fn end(
    client: &Client,
    id: SessionId,
    no_wait: bool,
    form: Form,
) -> Result<ExitCode, CliError> {
    let session = client.session(id).await.map_err(missing(id))?;
    if session.status == SessionStatus::Ended {
        return told(&session, "had ended already", form);
    }
    if no_wait {
        client.end_session(id).await?;
        return told(&client.session(id).await?, "is ending", form);
    }
    let screen = prompt::screen(form.is_json());
    let interrupts = Interrupts::listen()?;
    let mut sitting = Sitting::attach(client, id, Owner::Others, screen, interrupts);
    let Some(session) = sitting.end().await? else {
        return Ok(ExitCode::from(130));
    };
    let worker = client.worker(session.worker_id).await;
    let branches = run::branches(&sitting, session.repository.as_ref(), worker.as_ref().ok());
    run::tell(&mut sitting, &branches);
    told(&session, "ended", form)?;
    Ok(ExitCode::from(u8::from(sitting.remains.is_unpushed())))
}

fn told(session: &Session, did: &str, form: Form) -> Result<ExitCode, CliError> {
    if form.is_json() {
        table::json(session)?;
    } else {
        table::line(format!("session {} {did}", session.id));
    }
    Ok(ExitCode::SUCCESS)
}
