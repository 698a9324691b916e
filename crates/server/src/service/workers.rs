//! Workers: checked by `vwm-worker`, and here against what this server has and allows.

use serde_json::Value;
use tracing::info;
use vwm_api::{Fault, Key, RuntimeId, Worker, WorkerDefinition, WorkerId, WorkerRevision};
use vwm_store::StoreError;
use vwm_worker::{Draft, RuntimeRef};

use crate::app::App;
use crate::error::{Error, Resource};

/// Under which conditions a worker may be changed.
pub(crate) struct Change {
    /// The header `If-Match`.
    pub(crate) if_match: Option<String>,
    /// Whether a lock is overridden.
    pub(crate) is_forced: bool,
}

/// Returns every worker, by name.
pub(crate) async fn list(app: &App) -> Result<Vec<Worker>, Error> {
    let workers = app.store.workers().await?;
    Ok(workers.into_iter().map(with_warnings).collect())
}

/// Returns a worker.
pub(crate) async fn show(app: &App, id: WorkerId) -> Result<Worker, Error> {
    let worker = app.store.worker(id).await?;
    worker
        .map(with_warnings)
        .ok_or(Error::NotFound(Resource::Worker))
}

/// Returns the worker of a name.
pub(crate) async fn show_by_name(app: &App, name: &str) -> Result<Worker, Error> {
    let worker = app.store.worker_by_name(name).await?;
    worker
        .map(with_warnings)
        .ok_or(Error::NotFound(Resource::Worker))
}

/// Makes a worker.
pub(crate) async fn create(app: &App, caller: &Key, body: &Value) -> Result<Worker, Error> {
    let definition = check(app, vwm_worker::from_api(body), body).await?;
    let hash = vwm_worker::hash(&definition);
    let worker = app.store.create_worker(definition, &hash, Some(caller.id));
    Ok(with_warnings(worker.await?))
}

/// Changes some fields of a worker, and checks the whole again.
pub(crate) async fn update(
    app: &App,
    caller: &Key,
    id: WorkerId,
    patch: &Value,
    change: &Change,
) -> Result<Worker, Error> {
    loop {
        let current = show(app, id).await?;
        let is_locked = current.definition.locked;
        if let Some(tags) = &change.if_match
            && !matches(tags, current.revision)
        {
            let current = current.revision;
            return Err(Error::Stale { current });
        }
        let draft = vwm_worker::merge(&current.definition, patch);
        let definition = check(app, draft, patch).await?;
        let hash = vwm_worker::hash(&definition);
        // The patch was laid over this revision, and says nothing of a later one.
        let expected = Some(current.revision);
        let by = Some(caller.id);
        let updated =
            app.store
                .update_worker(id, definition, &hash, expected, by, change.is_forced);
        match updated.await {
            Err(StoreError::Stale { .. }) if change.if_match.is_none() => {}
            updated => {
                let updated = updated.map_err(Error::of_store(Resource::Worker))?;
                if is_locked && updated.revision != current.revision {
                    let key = caller.id;
                    info!(worker.id = %id, key.id = %key, "Worker {id} was changed in spite of its lock, by force with key {key}");
                }
                return Ok(with_warnings(updated));
            }
        }
    }
}

/// Deletes a worker that no session needs any more.
pub(crate) async fn delete(
    app: &App,
    caller: &Key,
    id: WorkerId,
    is_forced: bool,
) -> Result<(), Error> {
    let key = caller.id;
    let deleted = app.store.delete_worker(id, is_forced, Some(key)).await;
    if deleted.map_err(Error::of_store(Resource::Worker))? {
        info!(worker.id = %id, key.id = %key, "Worker {id} was deleted in spite of its lock, by force with key {key}");
    }
    Ok(())
}

/// Returns every revision of a worker, oldest first, also of a deleted one.
pub(crate) async fn revisions(app: &App, id: WorkerId) -> Result<Vec<WorkerRevision>, Error> {
    let revisions = app.store.worker_revisions(id).await?;
    if revisions.is_empty() {
        return Err(Error::NotFound(Resource::Worker));
    }
    Ok(revisions)
}

/// Returns what `If-Match` compares.
pub(crate) fn tag(revision: i64) -> String {
    format!("\"{revision}\"")
}

fn matches(tags: &str, revision: i64) -> bool {
    let tag_now = tag(revision);
    // A proxy that packs an answer makes its tag a weak one.
    let strong = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag) == tag_now;
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || strong(tag))
}

fn with_warnings(worker: Worker) -> Worker {
    Worker {
        warnings: vwm_worker::warnings(&worker.definition),
        ..worker
    }
}

/// Completes a draft, or fails with its faults and those that only this server can find.
async fn check(
    app: &App,
    draft: Result<Draft, Vec<Fault>>,
    given: &Value,
) -> Result<WorkerDefinition, Error> {
    let mut found = faults_of_this_server(app, given).await?;
    match draft {
        Ok(draft) if found.is_empty() => {
            let runtime = draft.runtime.look_up();
            let runtime = runtime.map_err(|name| {
                Error::internal(format!(
                    "a worker of the API names its runtime {name:?} by name"
                ))
            })?;
            Ok(draft.resolve(runtime))
        }
        Ok(_) => Err(Error::Validation(found)),
        Err(mut faults) => {
            found.retain(|new| faults.iter().all(|fault| fault.path != new.path));
            faults.append(&mut found);
            Err(Error::Validation(faults))
        }
    }
}

/// What names nothing here, or is not allowed here.
async fn faults_of_this_server(app: &App, given: &Value) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    let runtime = given.get("runtimeId").and_then(Value::as_str);
    if let Some(id) = runtime.and_then(|id| id.parse::<RuntimeId>().ok())
        && app.store.runtime(id).await?.is_none()
    {
        faults.push(RuntimeRef::Id(id).unknown());
    }
    if let Some(url) = given.get("workerRepoUrl").and_then(Value::as_str) {
        let local_allowed = app.allows_local_repositories();
        faults.extend(vwm_worker::repository_url_fault(
            url,
            local_allowed,
            "workerRepoUrl",
        ));
    }
    Ok(faults)
}
