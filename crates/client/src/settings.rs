//! Settings: what holds for every worker.

use serde_json::{Value, json};
use vwm_api::Setting;

use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Returns all settings.
    pub async fn settings(&self) -> Result<Vec<Setting>, ClientError> {
        self.answer(self.get(self.at(&["admin", "settings"]))).await
    }

    /// Returns one setting, with its history.
    pub async fn setting(&self, key: &str) -> Result<Setting, ClientError> {
        let url = self.at(&["admin", "settings", key]);
        self.answer(self.get(url)).await
    }

    /// Sets one.
    pub async fn put_setting(&self, key: &str, value: &Value) -> Result<Setting, ClientError> {
        let url = self.at(&["admin", "settings", key]);
        self.answer(self.put(url, &json!({ "value": value }))?)
            .await
    }
}
