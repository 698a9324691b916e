//! How the server is.

use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::error::ClientError;

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ServerStatus {
    /// Its name.
    pub service: String,
    /// Its version.
    pub version: String,
    /// Since when it runs, as it says it.
    #[serde(default)]
    pub uptime: Value,
    /// What its operator calls its environment.
    #[serde(default)]
    pub environment: Option<String>,
}

impl Client {
    /// Asks whether it lives.
    pub async fn health(&self) -> Result<(), ClientError> {
        self.done(self.get(self.at(&["health"]))).await
    }

    /// Asks whether it can work; 503 says why not.
    pub async fn ready(&self) -> Result<(), ClientError> {
        self.done(self.get(self.at(&["ready"]))).await
    }

    /// Asks what it is.
    pub async fn status(&self) -> Result<ServerStatus, ClientError> {
        self.answer(self.get(self.at(&["status"]))).await
    }
}
