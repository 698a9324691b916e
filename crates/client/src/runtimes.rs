//! Runtimes: make, change, read, list, delete.

use serde::Serialize;
use vwm_api::{NewRuntime, Runtime, RuntimeId};

use crate::client::{Client, Keyed};
use crate::error::ClientError;

impl Client {
    /// Makes a runtime.
    pub async fn create_runtime(&self, new: &NewRuntime) -> Result<Runtime, ClientError> {
        let ask = self.post(self.at(&["admin", "runtimes"]), new, Keyed::No)?;
        self.answer(ask).await
    }

    /// Changes those fields of a runtime that the object has.
    pub async fn update_runtime(
        &self,
        id: RuntimeId,
        change: &impl Serialize,
    ) -> Result<Runtime, ClientError> {
        let url = self.at(&["admin", "runtimes", &id.to_string()]);
        self.answer(self.put(url, change)?).await
    }

    /// Deletes a runtime; 409 while workers use it.
    pub async fn delete_runtime(&self, id: RuntimeId) -> Result<(), ClientError> {
        let url = self.at(&["admin", "runtimes", &id.to_string()]);
        self.done(self.delete(url)).await
    }

    /// Returns a runtime.
    pub async fn runtime(&self, id: RuntimeId) -> Result<Runtime, ClientError> {
        let url = self.at(&["admin", "runtimes", &id.to_string()]);
        self.answer(self.get(url)).await
    }

    /// Returns the runtime of this name.
    pub async fn runtime_by_name(&self, name: &str) -> Result<Runtime, ClientError> {
        let url = self.at(&["admin", "runtimes", "by-name", name]);
        self.answer(self.get(url)).await
    }

    /// Returns all runtimes.
    pub async fn runtimes(&self) -> Result<Vec<Runtime>, ClientError> {
        self.answer(self.get(self.at(&["admin", "runtimes"]))).await
    }

    /// Returns the runtimes that carry a tag.
    pub async fn runtimes_tagged(&self, tag: &str) -> Result<Vec<Runtime>, ClientError> {
        let mut url = self.at(&["admin", "runtimes"]);
        url.query_pairs_mut().append_pair("tag", tag);
        self.answer(self.get(url)).await
    }
}
