//! What is kept how long: events by age and by number, what was collected by age. A step is one short transaction, and a crash between
//! two of them leaves nothing that the next step does not find.

use vwm_api::{Seq, SessionId, SessionStatus, Timestamp};

use crate::codec::Columns;
use crate::db::{Connection, query};
use crate::writer::Written;
use crate::{Result, Store, StoreError};

/// Events that one transaction deletes: whoever else writes waits that long.
const STEP: i64 = 256;
/// Rows of what was collected that one transaction deletes.
const ROWS: i64 = 256;

/// Which events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventsKept {
    /// None of a session that ended then or before.
    pub ended_by: Option<Timestamp>,
    /// So many of each session, and all of its turns that run.
    pub newest: Option<u64>,
}

/// What a step deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trimmed {
    /// So many events.
    pub events: u64,
    /// Whether nothing is left to delete.
    pub is_done: bool,
}

/// What is kept of a session beyond its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// What was said.
    Transcripts,
    /// What no remote took: bundles and archives.
    Workspaces,
}

impl Store {
    /// Returns the sessions of which events are to be deleted.
    pub async fn sessions_to_trim(&self, kept: EventsKept) -> Result<Vec<SessionId>> {
        let rows = query(
            "SELECT id FROM sessions WHERE first_seq <= last_seq
             AND ((status = 'ended' AND ended_at <= $1) OR last_seq - first_seq >= $2) ORDER BY id",
        )
        .bind(kept.ended_by.map_or(i64::MIN, Timestamp::as_micros))
        .bind(kept.newest())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Columns(row).id("id", SessionId))
            .collect()
    }

    /// Deletes the oldest events of a session that are not kept: a few, so that nobody who writes waits for long.
    pub async fn trim_events(&self, id: SessionId, kept: EventsKept) -> Result<Trimmed> {
        self.write(move |connection| {
            Box::pin(async move {
                let row = query(
                    "UPDATE sessions SET first_seq = first_seq WHERE id = $1
                     RETURNING status, ended_at, first_seq, last_seq",
                )
                .bind(id.0)
                .fetch_optional(&mut *connection)
                .await?
                .ok_or(StoreError::NotFound)?;
                let row = Columns(&row);
                let (first, last): (Seq, Seq) = (row.get("first_seq")?, row.get("last_seq")?);
                let is_ended = row.word::<SessionStatus>("status")? == SessionStatus::Ended;
                let ended_at = row.time_or_none("ended_at")?.filter(|_| is_ended);
                let is_old = ended_at.zip(kept.ended_by).is_some_and(|(at, by)| at <= by);
                let all = if is_old {
                    last
                } else {
                    let running = before_running_turns(connection, id).await?;
                    last.saturating_sub(kept.newest()).min(running)
                };
                let upto = all.min(first + STEP - 1);
                if upto < first {
                    return Ok(Written::silently(Trimmed {
                        events: 0,
                        is_done: true,
                    }));
                }
                let events = query("DELETE FROM events WHERE session_id = $1 AND seq <= $2")
                    .bind(id.0)
                    .bind(upto)
                    .execute(&mut *connection)
                    .await?
                    .rows_affected();
                query("UPDATE sessions SET first_seq = $2 WHERE id = $1")
                    .bind(id.0)
                    .bind(upto + 1)
                    .execute(connection)
                    .await?;
                let is_done = upto == all;
                Ok(Written::silently(Trimmed { events, is_done }))
            })
        })
        .await
    }

    /// Forgets some of what was collected of sessions that ended then or before, and returns how much: 0 when nothing is left. Its
    /// blobs go with the next sweep.
    pub async fn forget_collected(&self, what: Kept, ended_by: Timestamp) -> Result<u64> {
        self.write(move |connection| {
            Box::pin(async move {
                let forgotten = query(
                    "DELETE FROM collected WHERE (session_id, name) IN (
                         SELECT c.session_id, c.name FROM collected c JOIN sessions s ON s.id = c.session_id
                         WHERE (c.kind = 'transcript') = $1 AND s.status = 'ended' AND s.ended_at <= $2 LIMIT $3)",
                )
                .bind(what == Kept::Transcripts)
                .bind(ended_by.as_micros())
                .bind(ROWS)
                .execute(connection)
                .await?
                .rows_affected();
                Ok(Written::silently(forgotten))
            })
        })
        .await
    }

    /// Deletes the blobs that nothing names, and returns how many. Young ones stay: the row that names a blob comes after it.
    pub async fn sweep_blobs(&self) -> Result<u64> {
        let mut deleted = 0;
        for folder in self.blobs.folders().await? {
            for hash in self.blobs.old_ones(folder).await? {
                let row = query(
                    "SELECT EXISTS (SELECT 1 FROM collected WHERE hash = $1)
                         OR EXISTS (SELECT 1 FROM requests WHERE raw_hash = $1) AS is_named",
                )
                .bind(hash.0.as_slice())
                .fetch_one(&self.readers)
                .await?;
                let is_named: bool = Columns(&row).get("is_named")?;
                if !is_named && self.blobs.delete_old(hash).await? {
                    deleted += 1;
                }
            }
        }
        Ok(deleted)
    }
}

impl EventsKept {
    fn newest(&self) -> i64 {
        let newest = self.newest.map(|newest| i64::try_from(newest).ok());
        newest.flatten().unwrap_or(i64::MAX)
    }
}

/// The newest event before those of the turns that run.
async fn before_running_turns(connection: &mut Connection, id: SessionId) -> Result<Seq> {
    // A turn that waits has none yet. Both statuses are named, because the index begins with them.
    let row = query(
        "SELECT min(after_seq) AS before FROM requests
         WHERE session_id = $1 AND status IN ('pending', 'running') AND started_at IS NOT NULL",
    )
    .bind(id.0)
    .fetch_one(connection)
    .await?;
    let before: Option<Seq> = Columns(&row).get("before")?;
    Ok(before.unwrap_or(Seq::MAX))
}
