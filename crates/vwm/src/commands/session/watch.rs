//! `vwm session watch` and `vwm session events`.

use std::process::ExitCode;

use futures_util::StreamExt;
use serde_json::json;
use vwm_api::{Seq, SessionId, TurnId};
use vwm_client::{Client, Watched};

use super::missing;
use crate::commands::prompt;
use crate::error::CliError;
use crate::output::stdout::Reader;
use crate::output::{Form, table};
use crate::sitting::{Ended, Interrupts, Leave, Owner, Screen, Sitting};

/// Shows a turn from its first event to its last, wherever it was asked for; the newest one unless it is named.
pub(super) async fn watch(
    client: &Client,
    id: SessionId,
    request: Option<TurnId>,
    form: Form,
) -> Result<ExitCode, CliError> {
    let turn = match request {
        Some(turn) => {
            let found = client.request(id, turn).await;
            found.map_err(super::requests::missing(id, turn))?;
            turn
        }
        None => newest(client, id).await?,
    };
    let screen = prompt::screen(form.is_json());
    let mut sitting = Sitting::attach(client, id, Owner::Others, screen, Interrupts::listen()?);
    let ended = sitting.watch(turn).await?;
    if matches!(ended, Ended::Left(Leave::Interrupted)) {
        sitting.note(&format!(
            "the turn goes on; `vwm session watch {id} {turn}` comes back to it"
        ));
    }
    prompt::close(client, &mut sitting, &ended, form.is_json()).await
}

/// The turn that runs or waits; where none does, the last one.
async fn newest(client: &Client, id: SessionId) -> Result<TurnId, CliError> {
    let rows = client.telemetry(id).await.map_err(missing(id))?;
    let open = rows.iter().find(|row| !row.status.is_over());
    match open.or(rows.last()) {
        Some(row) => Ok(row.id),
        None => Err(CliError::failed(
            format!("nobody has prompted in session {id} yet"),
            format!("`vwm prompt {id} \"…\"` does"),
        )),
    }
}

/// Shows what happens in a session, from an event on, up to its end.
pub(super) async fn events(
    client: &Client,
    id: SessionId,
    after: Seq,
    form: Form,
) -> Result<ExitCode, CliError> {
    client.session(id).await.map_err(missing(id))?;
    let mut interrupts = Interrupts::listen()?;
    if !form.is_json() {
        let mut sitting = Sitting::attach(client, id, Owner::Others, Screen::live(), interrupts);
        let left = sitting.look_on(after).await?;
        sitting.screen.close();
        return Ok(ExitCode::from(left.map_or(0, Leave::exit_code)));
    }
    let mut reader = Reader::of_stdout();
    let mut events = client.watch(id, after);
    loop {
        let watched = tokio::select! {
            biased;
            () = interrupts.next() => return Ok(ExitCode::from(Leave::Interrupted.exit_code())),
            () = reader.gone() => return Ok(ExitCode::from(Leave::Unread.exit_code())),
            watched = events.next() => watched,
        };
        let Some(watched) = watched else {
            return Ok(ExitCode::SUCCESS);
        };
        if let Watched::Event(event) = watched? {
            let mut line = json!({ "seq": event.seq });
            if let (Some(line), Ok(serde_json::Value::Object(fields))) =
                (line.as_object_mut(), serde_json::to_value(&event))
            {
                line.extend(fields);
            }
            table::line(line);
        }
    }
}
