//! The housekeeping: what is no longer kept goes, what nobody owns is removed, and a disk that fills up is told.

mod counts;
mod disk;
mod orphans;
mod retention;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::app::App;
use crate::error::Error;

pub(crate) use counts::Counts;

/// How often events are looked at; sessions write up to some thousand of them in that time.
const EVENTS: Duration = Duration::from_secs(30);
/// How often is looked for what nobody owns.
const ORPHANS: Duration = Duration::from_secs(300);
/// How often blobs are looked at, of which there may be many.
const BLOBS: Duration = Duration::from_secs(3600);

/// Starts the tasks.
pub(crate) fn start(app: &Arc<App>) {
    every(app, EVENTS, "Old events", async |app| {
        retention::trim(&app).await
    });
    every(app, ORPHANS, "What nobody owns", async |app| {
        orphans::remove(&app).await
    });
    every(app, BLOBS, "What is kept no longer", async |app| {
        retention::forget(&app).await
    });
    disk::watch(app);
}

/// Does all of it once.
pub async fn keep(app: &App) -> Result<(), Error> {
    orphans::remove(app).await?;
    retention::trim(app).await?;
    retention::forget(app).await
}

/// Does something at once, and again after each pause, until the server stops.
fn every<F>(
    app: &Arc<App>,
    pause: Duration,
    what: &'static str,
    work: impl Fn(Arc<App>) -> F + Send + 'static,
) where
    F: Future<Output = Result<(), Error>> + Send,
{
    let app = Arc::clone(app);
    let (stop, tasks) = (app.stop.clone(), app.tasks.clone());
    let again = async move {
        let mut each = interval(pause);
        each.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            each.tick().await;
            if let Err(error) = work(Arc::clone(&app)).await {
                let error = vwm_api::chain(&error);
                warn!(error, "{what} cannot be removed yet");
            }
        }
    };
    tasks.spawn(async move {
        tokio::select! {
            () = again => {}
            () = stop.cancelled() => {}
        }
    });
}
