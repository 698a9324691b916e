//! A database that is away: who waits for something else anyway waits for that, too.

use std::time::Duration;

use tokio::time::sleep;
use tracing::debug;

use crate::app::App;
use crate::error::Error;

const PAUSE: Duration = Duration::from_millis(500);

/// Returns when what failed may be asked again; with the failure itself where that does not help, or where the server stops.
pub(super) async fn wait(app: &App, failure: impl Into<Error>) -> Result<(), Error> {
    let failure = failure.into();
    if !matches!(failure, Error::DatabaseAway(_)) {
        return Err(failure);
    }
    debug!(error = %failure, "Who waits asks again when the database is back");
    tokio::select! {
        () = sleep(PAUSE) => Ok(()),
        () = app.stop.cancelled() => Err(failure),
    }
}
