//! What is kept how long: events, transcripts, what no remote took, and the blobs of all that.

use std::time::{Duration, Instant};

use tracing::info;
use vwm_api::{SessionId, Timestamp};
use vwm_store::{EventsKept, Kept};

use crate::app::App;
use crate::error::Error;

/// The longest pause between two steps.
const BREATH: Duration = Duration::from_millis(200);

/// Deletes the events that are not kept any more, step by step.
pub(super) async fn trim(app: &App) -> Result<(), Error> {
    let limits = &app.config.limits;
    let kept = EventsKept {
        ended_by: ago(app, limits.events_keep),
        newest: (limits.events_max > 0).then_some(limits.events_max),
    };
    if kept == EventsKept::default() {
        return Ok(());
    }
    for session in app.store.sessions_to_trim(kept).await? {
        let events = trim_session(app, session, kept).await?;
        if events > 0 {
            info!(session.id = %session, events, "The oldest {events} events of session {session} are deleted");
        }
    }
    Ok(())
}

async fn trim_session(app: &App, session: SessionId, kept: EventsKept) -> Result<u64, Error> {
    let mut all = 0;
    loop {
        let begun = Instant::now();
        let trimmed = app.store.trim_events(session, kept).await?;
        app.counts.add_events(trimmed.events);
        all += trimmed.events;
        if trimmed.is_done {
            return Ok(all);
        }
        // As long as a step took, it is others' turn.
        tokio::time::sleep(begun.elapsed().min(BREATH)).await;
    }
}

/// Forgets transcripts and what was kept of workspaces, and deletes the blobs that nothing names then.
pub(super) async fn forget(app: &App) -> Result<(), Error> {
    let limits = &app.config.limits;
    let ages = [
        (Kept::Transcripts, limits.transcripts_keep),
        (Kept::Workspaces, limits.workspaces_keep),
    ];
    for (what, keep) in ages {
        if let Some(ended_by) = ago(app, keep) {
            while app.store.forget_collected(what, ended_by).await? > 0 {}
        }
    }
    let blobs = app.store.sweep_blobs().await?;
    if blobs > 0 {
        app.counts.add_blobs(blobs);
        info!(blobs, "{blobs} blobs that nothing names are deleted");
    }
    Ok(())
}

/// The moment before which something is too old; none when there is no bound, or when nobody knows what time it is.
fn ago(app: &App, seconds: u64) -> Option<Timestamp> {
    if seconds == 0 || !app.clock.is_steady() {
        return None;
    }
    let micros = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
    let now = Timestamp::now().as_micros();
    Some(Timestamp::from_micros(now.saturating_sub(micros)))
}
