//! Jobs: a session has many in its life, at most one at a time, numbered by generation.

use vwm_api::{SessionId, Timestamp};

use crate::codec::Columns;
use crate::db::{Connection, query};
use crate::wake::News;
use crate::writer::Written;
use crate::{Result, Store, StoreError};

impl Store {
    /// Numbers the session's next job and writes it down before it is made; an older one counts as gone from here on.
    pub async fn new_generation(&self, id: SessionId) -> Result<i64> {
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now();
                let row = query("UPDATE sessions SET generation = generation + 1 WHERE id = $1 RETURNING generation")
                    .bind(id.0)
                    .fetch_optional(&mut *connection)
                    .await?
                    .ok_or(StoreError::NotFound)?;
                let generation: i64 = Columns(&row).get("generation")?;
                all_gone(connection, id, "followed by another job", now).await?;
                query("INSERT INTO jobs (session_id, generation, created_at) VALUES ($1, $2, $3)")
                    .bind(id.0)
                    .bind(generation)
                    .bind(now.as_micros())
                    .execute(connection)
                    .await?;
                Ok(Written::silently(generation))
            })
        })
        .await
    }

    /// Writes down that a job is gone; returns whether that was new.
    pub async fn job_gone(&self, id: SessionId, generation: i64, why: &str) -> Result<bool> {
        self.note_gone(id, generation, why, true).await
    }

    /// Writes down that a job is gone that this server never saw: it may have ended long ago, and so its seconds are counted up to the
    /// last use of the session and not up to now. Returns whether that was new.
    pub async fn job_found_gone(&self, id: SessionId, generation: i64, why: &str) -> Result<bool> {
        self.note_gone(id, generation, why, false).await
    }

    async fn note_gone(
        &self,
        id: SessionId,
        generation: i64,
        why: &str,
        is_now: bool,
    ) -> Result<bool> {
        let why = why.to_owned();
        self.write(move |connection| {
            Box::pin(async move {
                let changed = query(
                    "UPDATE jobs SET gone_reason = $4, gone_at = coalesce($3, (
                         SELECT CASE WHEN s.last_activity_at > jobs.created_at THEN s.last_activity_at ELSE jobs.created_at END
                         FROM sessions s WHERE s.id = jobs.session_id))
                     WHERE session_id = $1 AND generation = $2 AND gone_at IS NULL",
                )
                .bind(id.0)
                .bind(generation)
                .bind(is_now.then(|| Timestamp::now().as_micros()))
                .bind(why)
                .execute(connection)
                .await?
                .rows_affected();
                let news = if changed == 0 {
                    News::Nothing
                } else {
                    News::Work(id)
                };
                Ok(Written::with(news, changed == 1))
            })
        })
        .await
    }
}

/// Ends the count of seconds for whatever job the session had.
pub(crate) async fn all_gone(
    connection: &mut Connection,
    id: SessionId,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    query(
        "UPDATE jobs SET gone_at = $2, gone_reason = $3 WHERE session_id = $1 AND gone_at IS NULL",
    )
    .bind(id.0)
    .bind(now.as_micros())
    .bind(why)
    .execute(connection)
    .await?;
    Ok(())
}
