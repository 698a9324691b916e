//! How workers are made, changed and deleted.

use vwm_api::{KeyId, Timestamp, Worker, WorkerDefinition, WorkerId};

use super::{Draft, find, insert_revision, refused};
use crate::codec::Columns;
use crate::db::{Connection, Query, query};
use crate::writer::Written;
use crate::{Result, Store, StoreError};

impl Store {
    /// Makes a worker with its first revision.
    pub async fn create_worker(
        &self,
        definition: WorkerDefinition,
        hash: &str,
        by: Option<KeyId>,
    ) -> Result<Worker> {
        let id = WorkerId::new();
        let draft = Draft {
            definition,
            hash: hash.to_owned(),
            by,
            now: Timestamp::now(),
        };
        self.write(move |connection| {
            Box::pin(async move {
                query(
                    "INSERT INTO workers (id, name, runtime_id, revision, locked, created_at, updated_at)
                     VALUES ($1, $2, $3, 1, $4, $5, $5)",
                )
                .bind(id.0)
                .bind(&draft.definition.name)
                .bind(draft.definition.runtime_id.0)
                .bind(draft.definition.locked)
                .bind(draft.now.as_micros())
                .execute(&mut *connection)
                .await
                .map_err(|error| refused(error, &draft.definition))?;
                insert_revision(connection, id, 1, &draft, false).await?;
                Ok(Written::silently(written(connection, id).await?))
            })
        })
        .await
    }

    /// Changes a worker by a new revision; the definition that it has already makes none. `forced` overrides a lock.
    pub async fn update_worker(
        &self,
        id: WorkerId,
        definition: WorkerDefinition,
        hash: &str,
        expected_revision: Option<i64>,
        by: Option<KeyId>,
        forced: bool,
    ) -> Result<Worker> {
        let draft = Draft {
            definition,
            hash: hash.to_owned(),
            by,
            now: Timestamp::now(),
        };
        self.write(move |connection| {
            Box::pin(async move {
                update(connection, id, &draft, expected_revision, forced).await?;
                Ok(Written::silently(written(connection, id).await?))
            })
        })
        .await
    }

    /// Deletes a worker that no session needs any more; its revisions stay. `forced` overrides a lock; returns whether it did.
    pub async fn delete_worker(
        &self,
        id: WorkerId,
        forced: bool,
        by: Option<KeyId>,
    ) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                connection.lock(for_change(id)).await?;
                let deleted = query(
                    "UPDATE workers SET deleted_at = $2, deleted_by = $4, runtime_id = NULL, deletion_forced = locked
                     WHERE id = $1 AND deleted_at IS NULL AND (NOT locked OR $3)
                     AND NOT EXISTS (SELECT 1 FROM sessions
                         WHERE worker_id = $1 AND status IN ('pending', 'active', 'suspended', 'ending'))
                     RETURNING deletion_forced",
                )
                .bind(id.0)
                .bind(Timestamp::now().as_micros())
                .bind(forced)
                .bind(by.map(|key| key.0))
                .fetch_optional(&mut *connection)
                .await?;
                match deleted {
                    Some(row) => Ok(Written::silently(Columns(&row).get("deletion_forced")?)),
                    None => Err(why_kept(connection, id, forced).await?),
                }
            })
        })
        .await
    }
}

/// Sessions are made while the worker's row is shared, and so not meanwhile.
fn for_change(id: WorkerId) -> Query {
    query("SELECT id FROM workers WHERE id = $1 FOR NO KEY UPDATE").bind(id.0)
}

async fn update(
    connection: &mut Connection,
    id: WorkerId,
    draft: &Draft,
    expected_revision: Option<i64>,
    forced: bool,
) -> Result<()> {
    connection.lock(for_change(id)).await?;
    // Changes nothing: SQLite's methods write before they read.
    let row = query(
        "UPDATE workers SET revision = revision WHERE id = $1 AND deleted_at IS NULL
         RETURNING revision, locked,
             (SELECT hash FROM worker_revisions r WHERE r.worker_id = $1 AND r.revision = workers.revision) AS hash",
    )
    .bind(id.0)
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(StoreError::NotFound)?;
    let row = Columns(&row);
    let current: i64 = row.get("revision")?;
    let is_locked: bool = row.get("locked")?;
    if expected_revision.is_some_and(|expected| expected != current) {
        return Err(StoreError::Stale { current });
    }
    if row.get::<&str>("hash")? == draft.hash {
        return Ok(());
    }
    if is_locked && !forced {
        return Err(StoreError::Locked);
    }
    insert_revision(connection, id, current + 1, draft, is_locked).await?;
    query(
        "UPDATE workers SET name = $2, runtime_id = $3, revision = $4, locked = $5, updated_at = $6 WHERE id = $1",
    )
    .bind(id.0)
    .bind(&draft.definition.name)
    .bind(draft.definition.runtime_id.0)
    .bind(current + 1)
    .bind(draft.definition.locked)
    .bind(draft.now.as_micros())
    .execute(connection)
    .await
    .map_err(|error| refused(error, &draft.definition))?;
    Ok(())
}

async fn written(connection: &mut Connection, id: WorkerId) -> Result<Worker> {
    find(connection, id).await?.ok_or(StoreError::NotFound)
}

async fn why_kept(connection: &mut Connection, id: WorkerId, forced: bool) -> Result<StoreError> {
    let Some(row) = query(
        "SELECT name, locked, (SELECT count(*) FROM sessions
             WHERE worker_id = $1 AND status IN ('pending', 'active', 'suspended', 'ending')) AS live
         FROM workers WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id.0)
    .fetch_optional(connection)
    .await?
    else {
        return Ok(StoreError::NotFound);
    };
    let row = Columns(&row);
    if row.get::<bool>("locked")? && !forced {
        return Ok(StoreError::Locked);
    }
    let live: i64 = row.get("live")?;
    Ok(StoreError::InUse {
        what: format!("worker {}", row.get::<&str>("name")?),
        by: format!("{live} session(s) that have not ended; end them first"),
    })
}
