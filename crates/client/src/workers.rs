//! Workers: make, change, read, list, delete.

use serde::Serialize;
use vwm_api::{Worker, WorkerId, WorkerRevision};

use crate::client::{Client, Keyed};
use crate::error::ClientError;

/// What happens when a worker is locked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lock {
    /// The call is refused with 423.
    #[default]
    Respect,
    /// An admin's key goes over it, and that is recorded.
    Override,
}

impl Client {
    /// Makes a worker from the worker object.
    pub async fn create_worker(&self, worker: &impl Serialize) -> Result<Worker, ClientError> {
        let ask = self.post(self.at(&["admin", "workers"]), worker, Keyed::No)?;
        self.answer(ask).await
    }

    /// Changes those fields of a worker that the object has.
    pub async fn update_worker(
        &self,
        id: WorkerId,
        change: &impl Serialize,
        lock: Lock,
    ) -> Result<Worker, ClientError> {
        let ask = self.put(self.worker_url(id, lock), change)?;
        self.answer(ask).await
    }

    /// Deletes a worker; 409 while sessions of it live.
    pub async fn delete_worker(&self, id: WorkerId, lock: Lock) -> Result<(), ClientError> {
        self.done(self.delete(self.worker_url(id, lock))).await
    }

    /// Returns a worker.
    pub async fn worker(&self, id: WorkerId) -> Result<Worker, ClientError> {
        self.answer(self.get(self.worker_url(id, Lock::Respect)))
            .await
    }

    /// Returns the worker of this name.
    pub async fn worker_by_name(&self, name: &str) -> Result<Worker, ClientError> {
        let url = self.at(&["admin", "workers", "by-name", name]);
        self.answer(self.get(url)).await
    }

    /// Returns all workers.
    pub async fn workers(&self) -> Result<Vec<Worker>, ClientError> {
        self.answer(self.get(self.at(&["admin", "workers"]))).await
    }

    /// Returns every revision of a worker.
    pub async fn worker_revisions(&self, id: WorkerId) -> Result<Vec<WorkerRevision>, ClientError> {
        let url = self.at(&["admin", "workers", &id.to_string(), "revisions"]);
        self.answer(self.get(url)).await
    }

    fn worker_url(&self, id: WorkerId, lock: Lock) -> reqwest::Url {
        let mut url = self.at(&["admin", "workers", &id.to_string()]);
        if lock == Lock::Override {
            url.query_pairs_mut().append_pair("force", "true");
        }
        url
    }
}
