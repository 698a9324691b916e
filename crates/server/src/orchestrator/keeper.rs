//! Sessions that rested for too long end: suspended ones after `suspended_keep`, failed ones after `failed_keep`.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};
use vwm_api::{SessionStatus, Timestamp};

use crate::app::App;
use crate::ending;
use crate::error::Error;

/// How often is looked.
const EACH: Duration = Duration::from_secs(60);
/// How many end at once: each needs a job for that.
const BATCH: u32 = 20;

/// Looks until it is dropped.
pub(super) async fn keep(app: &Arc<App>) {
    let limits = &app.config.limits;
    let rests = [
        (SessionStatus::Suspended, limits.suspended_keep),
        (SessionStatus::Failed, limits.failed_keep),
    ];
    let shortest = rests.iter().map(|(_, keep)| *keep).filter(|keep| *keep > 0);
    let Some(shortest) = shortest.min() else {
        return;
    };
    let mut each = tokio::time::interval(EACH.min(Duration::from_secs(shortest)));
    each.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        each.tick().await;
        for (status, keep) in rests.iter().filter(|(_, keep)| *keep > 0) {
            if let Err(error) = end(app, *status, *keep).await {
                let error = vwm_api::chain(&error);
                warn!(
                    error,
                    "Sessions that rested for too long cannot be ended yet"
                );
            }
        }
    }
}

async fn end(app: &App, status: SessionStatus, keep: u64) -> Result<(), Error> {
    // After a jump of the clock nobody knows how long anything rested, until that is taken out.
    if !app.clock.is_steady() {
        return Ok(());
    }
    let micros = i64::try_from(keep.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    let before = Timestamp::now().as_micros().saturating_sub(micros);
    let before = Timestamp::from_micros(before);
    let sessions = app.store.sessions_resting_since(status, before, BATCH);
    for id in sessions.await? {
        let Some(row) = app.store.session(id).await? else {
            continue;
        };
        // Somebody came for it between the two looks.
        if row.session.status != status || row.session.status_since > before {
            continue;
        }
        let word = status.as_str();
        let reason =
            format!("it was {word} for {keep} s, which is as long as the server keeps one");
        info!(session.id = %id, "Session {id} ends: {reason}");
        ending::begin(app, &row.session, Some(reason)).await?;
    }
    Ok(())
}
