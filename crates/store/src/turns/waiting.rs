//! The turns that wait, and those that a harness may have: what a server must know that bounds how many run at once.

use vwm_api::{SessionId, Timestamp, TurnCounts, TurnId, TurnStatus, WorkerId};

use crate::codec::Columns;
use crate::db::query;
use crate::{Result, Store};

/// A turn that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The turn.
    pub id: TurnId,
    /// Its session.
    pub session: SessionId,
    /// Its worker.
    pub worker_id: WorkerId,
    /// When it was asked for.
    pub since: Timestamp,
    /// Whether an earlier turn of its conversation is not over.
    pub is_behind: bool,
}

/// A turn that a harness may have, and that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotHolder {
    /// The turn.
    pub id: TurnId,
    /// Its session.
    pub session: SessionId,
    /// Its worker.
    pub worker_id: WorkerId,
}

impl Store {
    /// Returns the turns that wait, oldest first, at most `limit`.
    pub async fn waiting(&self, limit: u32) -> Result<Vec<Waiting>> {
        // Every kind is named, because the index begins with it.
        let rows = query(
            "SELECT r.id, r.session_id, r.worker_id, r.created_at, EXISTS (SELECT 1 FROM requests e
                 WHERE e.session_id = r.session_id AND e.subsession_id = r.subsession_id AND e.position < r.position
                 AND e.status IN ('pending', 'running')) AS is_behind
             FROM requests r WHERE r.kind IN ('prompt', 'learning') AND r.status = 'pending'
             ORDER BY r.created_at, r.session_id, r.position LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let waiting = |row| {
            let row = Columns(row);
            Ok(Waiting {
                id: row.id("id", TurnId)?,
                session: row.id("session_id", SessionId)?,
                worker_id: row.id("worker_id", WorkerId)?,
                since: row.time("created_at")?,
                is_behind: row.get("is_behind")?,
            })
        };
        rows.iter().map(waiting).collect()
    }

    /// Returns how many turns run and wait.
    pub async fn open_turn_counts(&self) -> Result<TurnCounts> {
        let rows = query(
            "SELECT status, count(*) AS number FROM requests
             WHERE kind IN ('prompt', 'learning') AND status IN ('pending', 'running') GROUP BY status",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut counts = TurnCounts::default();
        for row in &rows {
            let number = Columns(row).get("number")?;
            match Columns(row).word("status")? {
                TurnStatus::Pending => counts.waiting = number,
                TurnStatus::Running => counts.running = number,
                TurnStatus::Complete
                | TurnStatus::Failed
                | TurnStatus::Cancelled
                | TurnStatus::OutcomeUnknown => {}
            }
        }
        Ok(counts)
    }

    /// Returns the prompts that harnesses may have. What a session's end asks is not among them.
    pub async fn slot_holders(&self) -> Result<Vec<SlotHolder>> {
        let rows = query(
            "SELECT id, session_id, worker_id FROM requests
             WHERE kind = 'prompt' AND status IN ('pending', 'running') AND offered",
        )
        .fetch_all(&self.readers)
        .await?;
        let holder = |row| {
            let row = Columns(row);
            Ok(SlotHolder {
                id: row.id("id", TurnId)?,
                session: row.id("session_id", SessionId)?,
                worker_id: row.id("worker_id", WorkerId)?,
            })
        };
        rows.iter().map(holder).collect()
    }
}
