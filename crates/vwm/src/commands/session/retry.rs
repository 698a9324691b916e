//! `vwm session retry`.

use std::process::ExitCode;

use vwm_api::{SessionId, TurnId};
use vwm_client::Client;

use super::requests;
use crate::commands::prompt;
use crate::error::CliError;
use crate::output::{Form, table};
use crate::sitting::{Interrupts, Owner, Sitting};

/// Asks again what a request asked, and shows it as a prompt is shown.
pub(super) async fn retry(
    client: &Client,
    id: SessionId,
    request: TurnId,
    detach: bool,
    form: Form,
) -> Result<ExitCode, CliError> {
    // Listened for before it is asked: Ctrl-C then aborts what was asked, and leaves nothing behind.
    let interrupts = Interrupts::listen()?;
    let accepted = client.retry_request(id, request).await;
    let accepted = accepted.map_err(requests::missing(id, request))?;
    let turn = accepted.request_id;
    if detach {
        if form.is_json() {
            table::json(&accepted)?;
        } else {
            table::line(turn);
            table::aside(format!("hint: `vwm session watch {id} {turn}` shows it"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let screen = prompt::screen(form.is_json());
    let mut sitting = Sitting::attach(client, id, Owner::Others, screen, interrupts);
    let ended = sitting.see_through(turn).await?;
    prompt::close(client, &mut sitting, &ended, form.is_json()).await
}
