//! `vwm session transcript`.

use std::io::{self, Write};

use futures_util::TryStreamExt;
use vwm_api::SessionId;
use vwm_client::Client;

use super::missing;
use crate::error::CliError;

/// Prints all that was said in a session, as lines of JSON.
pub(super) async fn transcript(client: &Client, id: SessionId) -> Result<(), CliError> {
    let mut lines = client.transcript(id).await.map_err(missing(id))?;
    let mut stdout = io::stdout().lock();
    while let Some(piece) = lines.try_next().await? {
        if stdout.write_all(&piece).is_err() {
            // Whoever reads may rightly be gone.
            return Ok(());
        }
    }
    Ok(())
}
