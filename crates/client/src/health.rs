//! How the server is.

use vwm_api::ServerStatus;

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
}
