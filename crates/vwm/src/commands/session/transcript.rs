//! `vwm session transcript`.

use std::io::Write;

use futures_util::TryStreamExt;
use vwm_api::SessionId;
use vwm_client::Client;

use super::missing;
use crate::error::CliError;
use crate::output::stdout::Stdout;

/// Prints all that was said in a session, as lines of JSON.
pub(super) async fn transcript(client: &Client, id: SessionId) -> Result<(), CliError> {
    let mut lines = client.transcript(id).await.map_err(missing(id))?;
    while let Some(piece) = lines.try_next().await? {
        if Stdout.write_all(&piece).is_err() {
            break;
        }
    }
    Ok(())
}
