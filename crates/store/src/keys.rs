//! API keys: a name, a role, and the hash of a secret that is stored nowhere.

use sqlx::sqlite::SqliteRow;
use vwm_api::{Key, KeyId, Role, Timestamp};

use crate::codec::Columns;
use crate::writer::Written;
use crate::{Result, Store, StoreError};

impl Store {
    /// Makes a key.
    pub async fn create_key(&self, name: &str, role: Role, hash: [u8; 32]) -> Result<Key> {
        let key = Key {
            id: KeyId::new(),
            name: name.to_owned(),
            role,
            created_at: Timestamp::now(),
            revoked_at: None,
        };
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO api_keys (id, name, role, hash, created_at) VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(key.id.0)
                .bind(&key.name)
                .bind(key.role.as_str())
                .bind(hash.as_slice())
                .bind(key.created_at.as_micros())
                .execute(connection)
                .await
                .map_err(|error| StoreError::duplicate(error, || "this key".to_owned()))?;
                Ok(Written::silently(key))
            })
        })
        .await
    }

    /// Returns the key with this hash, unless it was revoked.
    pub async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Key>> {
        sqlx::query("SELECT id, name, role, created_at, revoked_at FROM api_keys WHERE hash = $1 AND revoked_at IS NULL")
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await?
            .map(|row| key(&row))
            .transpose()
    }

    /// Returns whether anybody can be let in.
    pub async fn has_key(&self) -> Result<bool> {
        let found = sqlx::query("SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT 1")
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }
}

fn key(row: &SqliteRow) -> Result<Key> {
    let row = Columns(row);
    Ok(Key {
        id: row.id("id", KeyId)?,
        name: row.get("name")?,
        role: row.word("role")?,
        created_at: row.time("created_at")?,
        revoked_at: row.time_or_none("revoked_at")?,
    })
}
