//! Tells when a disk gets too full for new sessions, and when it is not any more.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::app::App;

const EACH: Duration = Duration::from_secs(2);

/// Looks until the server stops.
pub(super) fn watch(app: &Arc<App>) {
    let app = Arc::clone(app);
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let mut is_refusing = false;
        loop {
            let refusal = app.disk.refusal();
            match (&refusal, is_refusing) {
                (Some(why), false) => warn!("New sessions are refused: {why}"),
                (None, true) => info!("New sessions are taken again: the disk has room"),
                (Some(_), true) | (None, false) => {}
            }
            is_refusing = refusal.is_some();
            tokio::select! {
                () = tokio::time::sleep(EACH) => {}
                () = app.stop.cancelled() => return,
            }
        }
    });
}
