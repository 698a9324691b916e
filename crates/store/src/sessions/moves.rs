//! How a session changes: by comparison, so that two movers cannot both win.

use vwm_api::{EndStep, EventBody, SessionId, SessionStatus, Timestamp, Trigger};

use super::{SessionRow, written};
use crate::db::{Connection, query};
use crate::events::Log;
use crate::jobs;
use crate::wake::News;
use crate::writer::Written;
use crate::{Result, Store, StoreError};

impl Store {
    /// Moves a session that is still `from`, and tells it as an event. None when it is not `from` any more, or when the trigger
    /// does not apply there.
    pub async fn move_session(
        &self,
        id: SessionId,
        from: SessionStatus,
        trigger: Trigger,
        reason: Option<String>,
    ) -> Result<Option<SessionRow>> {
        let Some(to) = from.after(trigger) else {
            return Ok(None);
        };
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now();
                let Some(log) = change(connection, id, from, to, reason, now).await? else {
                    return Ok(Written::silently(None));
                };
                log.write(connection).await?;
                if to == SessionStatus::Ended {
                    jobs::all_gone(connection, id, "the session ended", now).await?;
                }
                let row = written(connection, id).await?;
                Ok(Written::with(News::Work(id), Some(row)))
            })
        })
        .await
    }

    /// Says anew why the session is as it is; returns whether that was news. It wakes watchers only: whoever retries tells how it
    /// goes, and must not wake itself by that.
    pub async fn set_session_reason(&self, id: SessionId, reason: Option<String>) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let changed =
                    query("UPDATE sessions SET status_reason = $2 WHERE id = $1 AND status_reason IS DISTINCT FROM $2")
                        .bind(id.0)
                        .bind(reason)
                        .execute(connection)
                        .await?
                        .rows_affected()
                        == 1;
                let news = if changed { News::Shown(id) } else { News::Nothing };
                Ok(Written::with(news, changed))
            })
        })
        .await
    }

    /// Brings an ending session from one step to another; returns whether it still was at the first.
    pub async fn set_end_step(&self, id: SessionId, from: EndStep, to: EndStep) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let changed =
                    query("UPDATE sessions SET end_step = $3 WHERE id = $1 AND end_step = $2 AND status = 'ending'")
                        .bind(id.0)
                        .bind(from.as_str())
                        .bind(to.as_str())
                        .execute(connection)
                        .await?
                        .rows_affected()
                        == 1;
                let news = if changed { News::Work(id) } else { News::Nothing };
                Ok(Written::with(news, changed))
            })
        })
        .await
    }

    /// Says what confines the session's engine.
    pub async fn set_wall(&self, id: SessionId, wall: &str) -> Result<()> {
        let wall = wall.to_owned();
        self.write(move |connection| {
            Box::pin(async move {
                let changed = query("UPDATE sessions SET wall = $2 WHERE id = $1")
                    .bind(id.0)
                    .bind(wall)
                    .execute(connection)
                    .await?
                    .rows_affected();
                if changed == 0 {
                    return Err(StoreError::NotFound);
                }
                Ok(Written::silently(()))
            })
        })
        .await
    }

    /// Notes activity: a prompt, a file call or a resume.
    pub async fn touch(&self, id: SessionId) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let changed = query("UPDATE sessions SET last_activity_at = $2 WHERE id = $1")
                    .bind(id.0)
                    .bind(Timestamp::now().as_micros())
                    .execute(connection)
                    .await?
                    .rows_affected();
                if changed == 0 {
                    return Err(StoreError::NotFound);
                }
                Ok(Written::silently(()))
            })
        })
        .await
    }
}

/// Moves the session's row, if it still is `from`; whatever asked that it resume has its answer by that. The event that tells it is in the log, which the caller writes.
pub(crate) async fn change(
    connection: &mut Connection,
    id: SessionId,
    from: SessionStatus,
    to: SessionStatus,
    reason: Option<String>,
    now: Timestamp,
) -> Result<Option<Log>> {
    let is_activity = to == SessionStatus::Active;
    // It is ready, or begins anew.
    let is_whole = matches!(to, SessionStatus::Active | SessionStatus::Pending);
    let end_step = (to == SessionStatus::Ending).then_some(EndStep::Stopping);
    let row = query(
        "UPDATE sessions SET status = $3, status_since = $8, status_reason = $4, end_step = coalesce($5, end_step),
             ended_at = coalesce($6, ended_at), last_activity_at = coalesce($7, last_activity_at), resume_asked = FALSE,
             failed_resumes = CASE WHEN $9 THEN 0 ELSE failed_resumes END
         WHERE id = $1 AND status = $2 RETURNING last_seq, pumped_n",
    )
    .bind(id.0)
    .bind(from.as_str())
    .bind(to.as_str())
    .bind(&reason)
    .bind(end_step.map(EndStep::as_str))
    .bind((to == SessionStatus::Ended).then(|| now.as_micros()))
    .bind(is_activity.then(|| now.as_micros()))
    .bind(now.as_micros())
    .bind(is_whole)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut log = Log::taken(id, &row)?;
    let from = Some(from);
    log.push(
        EventBody::Status { from, to, reason },
        None,
        None,
        None,
        now,
    )?;
    Ok(Some(log))
}
