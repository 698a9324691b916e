//! What the server says of itself: how many sessions and turns there are, what bounds them, and what waits for what.

use vwm_api::{
    Role, ServerLimits, ServerStatus, SessionCounts, SessionStatus, WaitReason, WaitingTurn,
};

use super::admission::{self, Refusal};
use crate::app::App;
use crate::error::Error;

/// How many of the turns that wait are told.
const WAITING: u32 = 100;

/// Reads it.
pub(crate) async fn read(app: &App, role: Role) -> Result<ServerStatus, Error> {
    let refusal = admission::refusal(app).await?;
    let (sessions, turns) = (admission::limits(app), &app.config.limits);
    Ok(ServerStatus {
        service: "vwm".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime: app.started_at.elapsed().as_secs(),
        environment: "local".to_owned(),
        role,
        database: app.store.database().to_owned(),
        refuses_sessions: refusal.map(Refusal::into_sentence),
        sessions: session_counts(app).await?,
        turns: app.store.open_turn_counts().await?,
        limits: ServerLimits {
            sessions: sessions.server,
            sessions_per_worker: sessions.worker,
            turns: admission::bound(turns.max_turns),
            turns_per_worker: admission::bound(turns.worker_max_turns),
        },
        waiting: waiting(app).await?,
    })
}

async fn session_counts(app: &App) -> Result<SessionCounts, Error> {
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

async fn waiting(app: &App) -> Result<Vec<WaitingTurn>, Error> {
    let turns = app.store.waiting(WAITING).await?;
    let reason = |turn: &vwm_store::Waiting| {
        if turn.is_behind {
            return WaitReason::Conversation;
        }
        let limit = app.slots.reason(turn.id, turn.since);
        limit.unwrap_or(WaitReason::Session)
    };
    let waiting = turns.iter().map(|turn| WaitingTurn {
        request_id: turn.id,
        session_id: turn.session,
        worker_id: turn.worker_id,
        since: turn.since,
        reason: reason(turn),
    });
    Ok(waiting.collect())
}
