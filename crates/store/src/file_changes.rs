//! The record of the file calls that write: begun before the harness is asked, ended when it has answered.

use vwm_api::{
    FileAction, FileChange, FileChangeId, FileChangeStatus, KeyId, SessionId, Timestamp, WorkerId,
};

use crate::codec::Columns;
use crate::db::{Row, query};
use crate::writer::Written;
use crate::{Result, Store, StoreError};

impl Store {
    /// Notes that a key is about to change a file. That is activity of the session.
    pub async fn begin_file_change(
        &self,
        session: SessionId,
        by: KeyId,
        action: FileAction,
        path: &str,
    ) -> Result<FileChangeId> {
        let id = FileChangeId::new();
        let path = path.to_owned();
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now().as_micros();
                let touched =
                    query("UPDATE sessions SET last_activity_at = $2 WHERE id = $1")
                        .bind(session.0)
                        .bind(now)
                        .execute(&mut *connection)
                        .await?
                        .rows_affected();
                if touched == 0 {
                    return Err(StoreError::NotFound);
                }
                query(
                    "INSERT INTO file_changes (id, session_id, worker_id, key_id, breadcrumbs, action, path, status, created_at)
                     SELECT $1, s.id, s.worker_id, $3, s.breadcrumbs, $4, $5, $6, $7 FROM sessions s WHERE s.id = $2",
                )
                .bind(id.0)
                .bind(session.0)
                .bind(by.0)
                .bind(action.as_str())
                .bind(path)
                .bind(FileChangeStatus::Pending.as_str())
                .bind(now)
                .execute(connection)
                .await?;
                Ok(Written::silently(id))
            })
        })
        .await
    }

    /// Notes how it ended: the bytes that were written, if any were, or why nothing was changed. The first end holds.
    pub async fn end_file_change(
        &self,
        id: FileChangeId,
        outcome: std::result::Result<Option<u64>, String>,
    ) -> Result<()> {
        let (status, bytes, error) = match outcome {
            Ok(bytes) => (FileChangeStatus::Done, bytes, None),
            Err(error) => (FileChangeStatus::Failed, None, Some(error)),
        };
        // No file is larger than an i64 can count.
        let bytes = bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        self.write(move |connection| {
            Box::pin(async move {
                query(
                    "UPDATE file_changes SET status = $2, bytes = $3, error = $4, completed_at = $5
                     WHERE id = $1 AND status = 'pending'",
                )
                .bind(id.0)
                .bind(status.as_str())
                .bind(bytes)
                .bind(error)
                .bind(Timestamp::now().as_micros())
                .execute(connection)
                .await?;
                Ok(Written::silently(()))
            })
        })
        .await
    }

    /// Returns a session's file changes, oldest first: at most `limit`, and only those behind `after`.
    pub async fn file_changes(
        &self,
        session: SessionId,
        after: Option<FileChangeId>,
        limit: u32,
    ) -> Result<Vec<FileChange>> {
        let rows = query(
            "SELECT * FROM file_changes WHERE session_id = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3",
        )
        .bind(session.0)
        .bind(after.map(|after| after.0))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(file_change).collect()
    }
}

fn file_change(row: &Row) -> Result<FileChange> {
    let row = Columns(row);
    Ok(FileChange {
        id: row.id("id", FileChangeId)?,
        session_id: row.id("session_id", SessionId)?,
        worker_id: row.id("worker_id", WorkerId)?,
        key_id: row.id("key_id", KeyId)?,
        breadcrumbs: row.json("breadcrumbs")?,
        action: row.word("action")?,
        path: row.get("path")?,
        bytes: row.get("bytes")?,
        status: row.word("status")?,
        error: row.get("error")?,
        created_at: row.time("created_at")?,
        completed_at: row.time_or_none("completed_at")?,
    })
}
