//! Workers: what they are stands in their revisions, each of which is kept for ever.

mod change;

use vwm_api::{KeyId, Timestamp, Worker, WorkerDefinition, WorkerId, WorkerRevision};

use crate::codec::{Columns, json};
use crate::db::{Connection, On, Row, query};
use crate::{Result, Store, StoreError};

macro_rules! select_worker {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, w.revision, w.created_at, w.updated_at, r.hash, r.definition
             FROM workers w JOIN worker_revisions r ON r.worker_id = w.id AND r.revision = w.revision
             WHERE w.deleted_at IS NULL ",
            $rest
        )
    };
}

impl Store {
    /// Returns a worker that was not deleted.
    pub async fn worker(&self, id: WorkerId) -> Result<Option<Worker>> {
        find(&self.readers, id).await
    }

    /// Returns the worker of this name.
    pub async fn worker_by_name(&self, name: &str) -> Result<Option<Worker>> {
        query(select_worker!("AND w.name = $1"))
            .bind(name)
            .fetch_optional(&self.readers)
            .await?
            .map(|row| worker(&row))
            .transpose()
    }

    /// Returns every worker, by name.
    pub async fn workers(&self) -> Result<Vec<Worker>> {
        let rows = query(select_worker!("ORDER BY w.name"))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(worker).collect()
    }

    /// Returns one revision of a worker, also of a deleted one.
    pub async fn worker_revision(
        &self,
        id: WorkerId,
        revision: i64,
    ) -> Result<Option<WorkerRevision>> {
        query("SELECT * FROM worker_revisions WHERE worker_id = $1 AND revision = $2")
            .bind(id.0)
            .bind(revision)
            .fetch_optional(&self.readers)
            .await?
            .map(|row| worker_revision(&row))
            .transpose()
    }

    /// Returns every revision of a worker, oldest first, also of a deleted one.
    pub async fn worker_revisions(&self, id: WorkerId) -> Result<Vec<WorkerRevision>> {
        let rows = query("SELECT * FROM worker_revisions WHERE worker_id = $1 ORDER BY revision")
            .bind(id.0)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(worker_revision).collect()
    }
}

async fn find<'e>(executor: impl Into<On<'e>>, id: WorkerId) -> Result<Option<Worker>> {
    query(select_worker!("AND w.id = $1"))
        .bind(id.0)
        .fetch_optional(executor)
        .await?
        .map(|row| worker(&row))
        .transpose()
}

/// A revision before it has a number.
struct Draft {
    definition: WorkerDefinition,
    hash: String,
    by: Option<KeyId>,
    now: Timestamp,
}

async fn insert_revision(
    connection: &mut Connection,
    id: WorkerId,
    revision: i64,
    draft: &Draft,
    forced: bool,
) -> Result<()> {
    query(
        "INSERT INTO worker_revisions (worker_id, revision, hash, definition, runtime_id, created_by, created_at, forced)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.0)
    .bind(revision)
    .bind(&draft.hash)
    .bind(json(&draft.definition)?)
    .bind(draft.definition.runtime_id.0)
    .bind(draft.by.map(|key| key.0))
    .bind(draft.now.as_micros())
    .bind(forced)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says what a worker's row would not have: a name that is taken, or a runtime that does not exist.
fn refused(error: sqlx::Error, definition: &WorkerDefinition) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_foreign_key_violation() => StoreError::UnknownReference {
            path: "runtimeId",
            id: definition.runtime_id.0,
        },
        _ => StoreError::duplicate(error, || format!("worker {}", definition.name)),
    }
}

fn worker(row: &Row) -> Result<Worker> {
    let row = Columns(row);
    Ok(Worker {
        id: row.id("id", WorkerId)?,
        definition: row.json("definition")?,
        revision: row.get("revision")?,
        hash: row.get("hash")?,
        warnings: Vec::new(),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn worker_revision(row: &Row) -> Result<WorkerRevision> {
    let row = Columns(row);
    Ok(WorkerRevision {
        worker_id: row.id("worker_id", WorkerId)?,
        revision: row.get("revision")?,
        hash: row.get("hash")?,
        definition: row.json("definition")?,
        created_at: row.time("created_at")?,
        forced: row.get("forced")?,
    })
}
