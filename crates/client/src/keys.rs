//! API keys: make, list, change the secret, revoke.

use vwm_api::{Key, KeyId, KeyWithSecret, NewKey};

use crate::client::{Client, Keyed};
use crate::error::ClientError;

impl Client {
    /// Makes a key; its secret is told this once.
    pub async fn create_key(&self, new: &NewKey) -> Result<KeyWithSecret, ClientError> {
        let ask = self.post(self.at(&["admin", "keys"]), new, Keyed::No)?;
        self.answer(ask).await
    }

    /// Returns all keys, without their secrets.
    pub async fn keys(&self) -> Result<Vec<Key>, ClientError> {
        self.answer(self.get(self.at(&["admin", "keys"]))).await
    }

    /// Gives a key another secret, which is told this once; the one before is worth nothing from now on.
    pub async fn rotate_key(&self, id: KeyId) -> Result<KeyWithSecret, ClientError> {
        let url = self.at(&["admin", "keys", &id.to_string(), "rotate"]);
        let nothing = serde_json::json!({});
        self.answer(self.post(url, &nothing, Keyed::No)?).await
    }

    /// Revokes a key: it opens nothing from now on.
    pub async fn revoke_key(&self, id: KeyId) -> Result<(), ClientError> {
        let url = self.at(&["admin", "keys", &id.to_string()]);
        self.done(self.delete(url)).await
    }
}
