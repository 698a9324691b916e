//! How a session goes to sleep, is asked to wake, and fails to: each move checks and writes in one transaction, which takes the session's
//! row first, so that a prompt that comes meanwhile comes before it or after it.

use vwm_api::{AgentEvent, SessionId, SessionStatus, Timestamp, Trigger, TurnError};

use super::moves::change;
use super::{SessionRow, written};
use crate::codec::Columns;
use crate::db::{Connection, query};
use crate::events::Log;
use crate::turns::end::{self, OPEN, WAITING};
use crate::wake::News;
use crate::writer::Written;
use crate::{Result, Store, StoreError};

/// What became of asking that a session be suspended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspension {
    /// It is suspended, since just now or before.
    Suspended(Box<SessionRow>),
    /// A turn waits or runs, or it was used since the moment that was named.
    Busy,
    /// It cannot be suspended in this status.
    SessionIs(SessionStatus),
}

/// What became of asking that a session resume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resumption {
    /// It will, or is there already.
    Asked(Box<SessionRow>),
    /// It cannot resume in this status.
    SessionIs(SessionStatus),
}

/// A resume that came to nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedResume {
    /// What happened, and what to do.
    pub reason: String,
    /// Whether somebody had asked for it; one that the server tries by itself counts for nothing.
    pub is_asked: bool,
    /// How the turns end that no harness has.
    pub error: TurnError,
    /// Whether no harness holds any turn of it, so that all of them end.
    pub ends_all: bool,
    /// After so many in a row that were asked for, no resume can mend it.
    pub most: u32,
    /// What is said then, behind the reason.
    pub advice: String,
}

/// A session whose volume is lost, and with it the journal that could tell how its turns ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LostVolume {
    /// What happened, and what to do.
    pub reason: String,
    /// How the turns end that no harness had.
    pub waiting: TurnError,
    /// How the others end.
    pub open: TurnError,
}

impl Store {
    /// Suspends an active session in which no turn waits or runs and, where a moment is named, that nobody used since.
    pub async fn suspend_session(
        &self,
        id: SessionId,
        unused_since: Option<Timestamp>,
        reason: String,
    ) -> Result<Suspension> {
        self.write(move |connection| {
            Box::pin(async move {
                let (status, used_at) = take(connection, id).await?;
                match status {
                    SessionStatus::Active => {}
                    SessionStatus::Suspended => {
                        let row = written(connection, id).await?;
                        return Ok(Written::silently(Suspension::Suspended(Box::new(row))));
                    }
                    SessionStatus::Pending
                    | SessionStatus::Ending
                    | SessionStatus::Ended
                    | SessionStatus::Failed => {
                        return Ok(Written::silently(Suspension::SessionIs(status)));
                    }
                }
                let is_used = unused_since.is_some_and(|since| used_at > since);
                if is_used || open_turns(connection, id).await? > 0 {
                    return Ok(Written::silently(Suspension::Busy));
                }
                move_to(connection, id, status, SessionStatus::Suspended, reason).await?;
                let row = written(connection, id).await?;
                let done = Suspension::Suspended(Box::new(row));
                Ok(Written::with(News::Work(id), done))
            })
        })
        .await
    }

    /// Asks that a suspended session resume, which counts as using it; one that is active, or will be, is only used by that.
    pub async fn ask_resume(&self, id: SessionId) -> Result<Resumption> {
        self.write(move |connection| {
            Box::pin(async move {
                let asked = query(
                    "UPDATE sessions SET last_activity_at = $2, resume_asked = (status = 'suspended')
                     WHERE id = $1 AND status IN ('pending', 'active', 'suspended')",
                )
                .bind(id.0)
                .bind(Timestamp::now().as_micros())
                .execute(&mut *connection)
                .await?
                .rows_affected();
                if asked == 0 {
                    let (status, _) = take(connection, id).await?;
                    return Ok(Written::silently(Resumption::SessionIs(status)));
                }
                let row = written(connection, id).await?;
                let asked = Resumption::Asked(Box::new(row));
                Ok(Written::with(News::Work(id), asked))
            })
        })
        .await
    }

    /// Writes down that a resume failed: the turns that waited for it end, and the session is suspended, or failed when that was one
    /// too many. As long as a harness may hold a turn only its journal can end it, and the session does not fail. None when the
    /// session is on its way elsewhere.
    pub async fn resume_failed(
        &self,
        id: SessionId,
        failed: FailedResume,
    ) -> Result<Option<SessionRow>> {
        self.write(move |connection| {
            Box::pin(async move {
                let row = query(
                    "UPDATE sessions SET resume_asked = FALSE, failed_resumes = failed_resumes + $2, status_reason = $3
                     WHERE id = $1 AND status IN ('active', 'suspended')
                     RETURNING status, failed_resumes, last_seq, pumped_n",
                )
                .bind(id.0)
                .bind(i64::from(failed.is_asked))
                .bind(&failed.reason)
                .fetch_optional(&mut *connection)
                .await?;
                let Some(row) = row else {
                    return Ok(Written::silently(None));
                };
                let from: SessionStatus = Columns(&row).word("status")?;
                let many: u32 = Columns(&row).natural("failed_resumes")?;
                let mut log = Log::taken(id, &row)?;
                let which = if failed.ends_all { OPEN } else { WAITING };
                end::end_without_journals(connection, &mut log, which, &failed.error).await?;
                log.write(connection).await?;
                let is_last = failed.is_asked && many >= failed.most;
                let to = if is_last && open_turns(connection, id).await? == 0 {
                    SessionStatus::Failed
                } else {
                    SessionStatus::Suspended
                };
                let reason = match to {
                    SessionStatus::Failed => format!("{}; {}", failed.reason, failed.advice),
                    _ => failed.reason,
                };
                if to != from {
                    move_to(connection, id, from, to, reason).await?;
                }
                let row = written(connection, id).await?;
                Ok(Written::with(News::Work(id), Some(row)))
            })
        })
        .await
    }

    /// Fails an active or suspended session whose volume is lost, and ends its turns; none when it is on its way elsewhere.
    pub async fn volume_lost(
        &self,
        id: SessionId,
        from: SessionStatus,
        lost: LostVolume,
    ) -> Result<Option<SessionRow>> {
        let Some(to) = from.after(Trigger::Break) else {
            return Ok(None);
        };
        self.write(move |connection| {
            Box::pin(async move {
                let (status, _) = take(connection, id).await?;
                if status != from {
                    return Ok(Written::silently(None));
                }
                let mut log = Log::open(connection, id).await?;
                end::end_without_journals(connection, &mut log, WAITING, &lost.waiting).await?;
                end::end_without_journals(connection, &mut log, OPEN, &lost.open).await?;
                log.write(connection).await?;
                move_to(connection, id, from, to, lost.reason).await?;
                let row = written(connection, id).await?;
                Ok(Written::with(News::Work(id), Some(row)))
            })
        })
        .await
    }

    /// Tells once that a session's time is nearly up; false when it was told already, or when the session has no job to lose.
    pub async fn tell_ending(&self, id: SessionId, message: String) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let row = query(
                    "UPDATE sessions SET ending_told = TRUE
                     WHERE id = $1 AND NOT ending_told AND status IN ('pending', 'active')
                     RETURNING last_seq, pumped_n",
                )
                .bind(id.0)
                .fetch_optional(&mut *connection)
                .await?;
                let Some(row) = row else {
                    return Ok(Written::silently(false));
                };
                let mut log = Log::taken(id, &row)?;
                let notice = AgentEvent::notice("session_ending", message);
                log.push(notice.into(), None, None, None, Timestamp::now())?;
                log.write(connection).await?;
                Ok(Written::with(News::Shown(id), true))
            })
        })
        .await
    }

    /// Returns sessions that rest in a status since before a moment, and that nobody waits for; at most `limit`, the oldest first.
    pub async fn sessions_resting_since(
        &self,
        status: SessionStatus,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<SessionId>> {
        let rows = query(
            "SELECT id FROM sessions WHERE status = $1 AND status_since < $2 AND last_activity_at < $2 AND NOT resume_asked
             AND NOT EXISTS (SELECT 1 FROM requests r
                 WHERE r.session_id = sessions.id AND r.status IN ('pending', 'running'))
             ORDER BY status_since, id LIMIT $3",
        )
        .bind(status.as_str())
        .bind(before.as_micros())
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Columns(row).id("id", SessionId))
            .collect()
    }

    /// Takes a jump of the clock out of every count that is open: the seconds of jobs that run, how long sessions rest, since when
    /// nobody used them. It jumped `within` so many microseconds before now: what was written since was written by the new clock, and
    /// stays.
    pub async fn shift_clock(&self, micros: i64, within: i64) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now().as_micros();
                let shifts = [
                    "UPDATE sessions SET
                         last_activity_at = last_activity_at
                             + CASE WHEN last_activity_at > $2 AND last_activity_at <= $3 THEN 0 ELSE $1 END,
                         status_since = status_since
                             + CASE WHEN status_since > $2 AND status_since <= $3 THEN 0 ELSE $1 END
                     WHERE status <> 'ended'",
                    "UPDATE jobs SET created_at = created_at + $1
                     WHERE (gone_at IS NULL OR ($1 > 0 AND gone_at > $2)) AND NOT (created_at > $2 AND created_at <= $3)",
                ];
                for shift in shifts {
                    query(shift)
                        .bind(micros)
                        .bind(now - within)
                        .bind(now)
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(Written::silently(()))
            })
        })
        .await
    }
}

/// Takes the session's row: until the transaction ends, nobody else moves it or makes a turn in it.
async fn take(connection: &mut Connection, id: SessionId) -> Result<(SessionStatus, Timestamp)> {
    let row = query(
        "UPDATE sessions SET last_seq = last_seq WHERE id = $1 RETURNING status, last_activity_at",
    )
    .bind(id.0)
    .fetch_optional(connection)
    .await?
    .ok_or(StoreError::NotFound)?;
    let row = Columns(&row);
    Ok((row.word("status")?, row.time("last_activity_at")?))
}

async fn open_turns(connection: &mut Connection, id: SessionId) -> Result<i64> {
    let row = query(
        "SELECT count(*) AS open FROM requests WHERE session_id = $1 AND status IN ('pending', 'running')",
    )
    .bind(id.0)
    .fetch_one(connection)
    .await?;
    Columns(&row).get("open")
}

/// Moves a session whose row is taken, and tells it.
async fn move_to(
    connection: &mut Connection,
    id: SessionId,
    from: SessionStatus,
    to: SessionStatus,
    reason: String,
) -> Result<()> {
    let moved = change(connection, id, from, to, Some(reason), Timestamp::now()).await?;
    moved.ok_or(StoreError::NotFound)?.write(connection).await?;
    Ok(())
}
