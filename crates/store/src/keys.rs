//! API keys: a name, a role, and the hash of a secret that is stored nowhere.

use vwm_api::{Key, KeyId, Role, Timestamp};

use crate::codec::Columns;
use crate::db::{Connection, Row, query};
use crate::writer::Written;
use crate::{Result, Store, StoreError};

/// What became of a key that was to get another secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRotation {
    /// It has it.
    Done(Key),
    /// It is revoked, and stays so.
    IsRevoked,
}

/// What became of a key that was to be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRevocation {
    /// It is revoked.
    Done,
    /// It was revoked before.
    WasRevoked,
    /// It is the last one that may make others, and stays.
    IsLastAdmin,
}

impl Store {
    /// Returns every key, oldest first, also those that were revoked.
    pub async fn keys(&self) -> Result<Vec<Key>> {
        // A key is dated by its newest secret; its id tells when it was made.
        let rows = query("SELECT id, name, role, created_at, revoked_at FROM api_keys ORDER BY id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(key).collect()
    }

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
                query(
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

    /// Gives a key the hash of another secret; the old secret opens nothing from then on.
    pub async fn rotate_key(&self, id: KeyId, hash: [u8; 32]) -> Result<KeyRotation> {
        self.write(move |connection| {
            Box::pin(async move {
                let row = query(
                    "UPDATE api_keys SET hash = $2, created_at = $3 WHERE id = $1 AND revoked_at IS NULL
                     RETURNING id, name, role, created_at, revoked_at",
                )
                .bind(id.0)
                .bind(hash.as_slice())
                .bind(Timestamp::now().as_micros())
                .fetch_optional(&mut *connection)
                .await
                .map_err(|error| StoreError::duplicate(error, || "this key".to_owned()))?;
                let Some(row) = row else {
                    is_revoked(connection, id).await?;
                    return Ok(Written::silently(KeyRotation::IsRevoked));
                };
                Ok(Written::silently(KeyRotation::Done(key(&row)?)))
            })
        })
        .await
    }

    /// Revokes a key, unless nobody could make another one then.
    pub async fn revoke_key(&self, id: KeyId) -> Result<KeyRevocation> {
        self.write(move |connection| {
            Box::pin(async move {
                // Each of two that go at once would see the other one stay.
                let all = query("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE");
                connection.lock(all).await?;
                let revoked = query(
                    "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL
                     AND (role <> 'admin' OR EXISTS
                         (SELECT 1 FROM api_keys WHERE role = 'admin' AND revoked_at IS NULL AND id <> $1))",
                )
                .bind(id.0)
                .bind(Timestamp::now().as_micros())
                .execute(&mut *connection)
                .await?
                .rows_affected();
                Ok(Written::silently(if revoked == 1 {
                    KeyRevocation::Done
                } else if is_revoked(connection, id).await? {
                    KeyRevocation::WasRevoked
                } else {
                    KeyRevocation::IsLastAdmin
                }))
            })
        })
        .await
    }

    /// Returns the key with this hash, unless it was revoked.
    pub async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Key>> {
        query("SELECT id, name, role, created_at, revoked_at FROM api_keys WHERE hash = $1 AND revoked_at IS NULL")
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await?
            .map(|row| key(&row))
            .transpose()
    }

    /// Returns whether anybody can be let in.
    pub async fn has_key(&self) -> Result<bool> {
        let found = query("SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT 1")
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }
}

async fn is_revoked(connection: &mut Connection, id: KeyId) -> Result<bool> {
    let row = query("SELECT revoked_at IS NOT NULL AS is_revoked FROM api_keys WHERE id = $1")
        .bind(id.0)
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::NotFound)?;
    Columns(&row).get("is_revoked")
}

fn key(row: &Row) -> Result<Key> {
    let row = Columns(row);
    Ok(Key {
        id: row.id("id", KeyId)?,
        name: row.get("name")?,
        role: row.word("role")?,
        created_at: row.time("created_at")?,
        revoked_at: row.time_or_none("revoked_at")?,
    })
}
