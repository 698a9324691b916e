//! How the server is, and what it can do.

use serde_json::Value;
use vwm_api::{Engine, ServerStatus};

use crate::client::Client;
use crate::error::ClientError;

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

    /// Returns every engine, and which versions of it are installed.
    pub async fn engines(&self) -> Result<Vec<Engine>, ClientError> {
        self.answer(self.get(self.at(&["admin", "engines"]))).await
    }

    /// Returns the server's measurements, as Prometheus reads them.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let text = self.bytes(self.get(self.at(&["metrics"]))).await?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Returns the OpenAPI document of everything that the server answers.
    pub async fn openapi(&self) -> Result<Value, ClientError> {
        self.answer(self.get(self.at(&["openapi.json"]))).await
    }
}
