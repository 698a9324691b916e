//! What the server says of itself: how many sessions and turns there are, what bounds them, and what waits for what.

use vwm_api::{
    Role, ServerLimits, ServerStatus, SessionCounts, SessionStatus, TurnCounts, TurnStatus,
};

use crate::app::App;
use crate::error::Error;

/// Reads it.
pub(crate) async fn read(app: &App, role: Role) -> Result<ServerStatus, Error> {
    let limits = &app.config.limits;
    let bound = |limit: u64| (limit > 0).then_some(limit);
    Ok(ServerStatus {
        service: "vwm".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime: app.started_at.elapsed().as_secs(),
        environment: "local".to_owned(),
        role,
        database: app.store.database().to_owned(),
        refuses_sessions: None,
        sessions: sessions(app).await?,
        turns: turns(app).await?,
        limits: ServerLimits {
            sessions: bound(limits.max_sessions),
            sessions_per_worker: bound(limits.worker_max_sessions),
            turns: bound(limits.max_turns),
            turns_per_worker: bound(limits.worker_max_turns),
        },
        waiting: Vec::new(),
    })
}

async fn sessions(app: &App) -> Result<SessionCounts, Error> {
    let mut counts = SessionCounts::default();
    for (status, number) in app.store.session_counts().await? {
        match status {
            SessionStatus::Pending => counts.pending = number,
            SessionStatus::Active => counts.active = number,
            SessionStatus::Suspended => counts.suspended = number,
            SessionStatus::Ending => counts.ending = number,
            SessionStatus::Failed => counts.failed = number,
            SessionStatus::Ended => {}
        }
    }
    Ok(counts)
}

async fn turns(app: &App) -> Result<TurnCounts, Error> {
    let mut counts = TurnCounts::default();
    for (_, status, number) in app.store.turn_counts().await? {
        match status {
            TurnStatus::Running => counts.running += number,
            TurnStatus::Pending => counts.waiting += number,
            TurnStatus::Complete
            | TurnStatus::Failed
            | TurnStatus::Cancelled
            | TurnStatus::OutcomeUnknown => {}
        }
    }
    Ok(counts)
}
