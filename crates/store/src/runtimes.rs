//! Runtimes: where workers run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vwm_api::{NewRuntime, Runtime, RuntimeId, Timestamp};

use crate::codec::{Columns, json};
use crate::db::{Connection, Row, query};
use crate::writer::Written;
use crate::{Result, Store, StoreError};

/// What only a cluster reads, in one column.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Cluster {
    resources: Option<Map<String, Value>>,
    node_selector: BTreeMap<String, String>,
    tolerations: Vec<Map<String, Value>>,
    runtime_class: Option<String>,
}

impl Cluster {
    fn of(new: &NewRuntime) -> Self {
        Self {
            resources: new.resources.clone(),
            node_selector: new.node_selector.clone(),
            tolerations: new.tolerations.clone(),
            runtime_class: new.runtime_class.clone(),
        }
    }
}

impl Store {
    /// Makes a runtime.
    pub async fn create_runtime(&self, new: NewRuntime) -> Result<Runtime> {
        let id = RuntimeId::new();
        let tags = json(&new.tags)?;
        let cluster = json(&Cluster::of(&new))?;
        self.write(move |connection| {
            Box::pin(async move {
                let row = query(
                    "INSERT INTO runtimes (id, name, description, base_image, vw_image, tags, engines_dir, cluster, created_at, updated_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING *",
                )
                .bind(id.0)
                .bind(&new.name)
                .bind(&new.description)
                .bind(&new.base_image)
                .bind(&new.vw_image)
                .bind(tags)
                .bind(&new.engines_dir)
                .bind(cluster)
                .bind(Timestamp::now().as_micros())
                .fetch_one(connection)
                .await
                .map_err(|error| taken(error, &new.name))?;
                Ok(Written::silently(runtime(&row)?))
            })
        })
        .await
    }

    /// Returns a runtime.
    pub async fn runtime(&self, id: RuntimeId) -> Result<Option<Runtime>> {
        query("SELECT * FROM runtimes WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&self.readers)
            .await?
            .map(|row| runtime(&row))
            .transpose()
    }

    /// Returns the runtime of this name.
    pub async fn runtime_by_name(&self, name: &str) -> Result<Option<Runtime>> {
        query("SELECT * FROM runtimes WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?
            .map(|row| runtime(&row))
            .transpose()
    }

    /// Returns every runtime, by name.
    pub async fn runtimes(&self) -> Result<Vec<Runtime>> {
        let rows = query("SELECT * FROM runtimes ORDER BY name")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(runtime).collect()
    }

    /// Changes a runtime.
    pub async fn update_runtime(&self, id: RuntimeId, new: NewRuntime) -> Result<Runtime> {
        let tags = json(&new.tags)?;
        let cluster = json(&Cluster::of(&new))?;
        self.write(move |connection| {
            Box::pin(async move {
                let row = query(
                    "UPDATE runtimes SET name = $2, description = $3, base_image = $4, vw_image = $5, tags = $6,
                         engines_dir = $7, cluster = $8, updated_at = $9
                     WHERE id = $1 RETURNING *",
                )
                .bind(id.0)
                .bind(&new.name)
                .bind(&new.description)
                .bind(&new.base_image)
                .bind(&new.vw_image)
                .bind(tags)
                .bind(&new.engines_dir)
                .bind(cluster)
                .bind(Timestamp::now().as_micros())
                .fetch_optional(connection)
                .await
                .map_err(|error| taken(error, &new.name))?
                .ok_or(StoreError::NotFound)?;
                Ok(Written::silently(runtime(&row)?))
            })
        })
        .await
    }

    /// Removes a runtime that neither a worker nor a session that lives by an older revision needs.
    pub async fn delete_runtime(&self, id: RuntimeId) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                // Workers that name it and sessions that need it are made before this or after it.
                let row = query("SELECT id FROM runtimes WHERE id = $1 FOR UPDATE");
                connection.lock(row.bind(id.0)).await?;
                let deleted = query(
                    "DELETE FROM runtimes WHERE id = $1
                     AND NOT EXISTS (SELECT 1 FROM workers WHERE runtime_id = $1)
                     AND NOT EXISTS (SELECT 1 FROM sessions s JOIN worker_revisions r
                         ON r.worker_id = s.worker_id AND r.revision = s.worker_revision
                         WHERE r.runtime_id = $1 AND s.status IN ('pending', 'active', 'suspended', 'ending'))",
                )
                .bind(id.0)
                .execute(&mut *connection)
                .await?
                .rows_affected();
                if deleted == 0 {
                    return Err(why_kept(connection, id).await?);
                }
                Ok(Written::silently(()))
            })
        })
        .await
    }
}

async fn why_kept(connection: &mut Connection, id: RuntimeId) -> Result<StoreError> {
    let Some(row) = query(
        "SELECT r.name, (SELECT w.name FROM workers w WHERE w.runtime_id = r.id ORDER BY w.name LIMIT 1) AS worker
         FROM runtimes r WHERE r.id = $1",
    )
    .bind(id.0)
    .fetch_optional(connection)
    .await?
    else {
        return Ok(StoreError::NotFound);
    };
    let by = match Columns(&row).get::<Option<String>>("worker")? {
        Some(worker) => format!("worker {worker}; change or delete that first"),
        None => "a session that has not ended; end it first".to_owned(),
    };
    Ok(StoreError::InUse {
        what: format!("runtime {}", Columns(&row).get::<&str>("name")?),
        by,
    })
}

fn taken(error: sqlx::Error, name: &str) -> StoreError {
    StoreError::duplicate(error, || format!("runtime {name}"))
}

fn runtime(row: &Row) -> Result<Runtime> {
    let row = Columns(row);
    let cluster: Cluster = row.json("cluster")?;
    Ok(Runtime {
        id: row.id("id", RuntimeId)?,
        definition: NewRuntime {
            name: row.get("name")?,
            description: row.get("description")?,
            base_image: row.get("base_image")?,
            vw_image: row.get("vw_image")?,
            tags: row.json("tags")?,
            engines_dir: row.get("engines_dir")?,
            resources: cluster.resources,
            node_selector: cluster.node_selector,
            tolerations: cluster.tolerations,
            runtime_class: cluster.runtime_class,
        },
        // What has no effect is for the server to say.
        warnings: Vec::new(),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
