//! Idempotency keys: who asks the same twice gets what the first call made.

use uuid::Uuid;
use vwm_api::{KeyId, Timestamp};

use crate::codec::Columns;
use crate::db::{Connection, On, query};
use crate::{Result, StoreError};

/// How long a key is kept.
const KEPT_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// What makes a call the same call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Who asks.
    pub key_id: KeyId,
    /// What the caller named the call.
    pub key: String,
    /// Of what is asked.
    pub request_hash: [u8; 32],
}

/// What a call that may be repeated gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created<T> {
    /// It made this.
    New(T),
    /// An earlier one made this.
    Existing(T),
}

impl<T> Created<T> {
    /// What was made, now or then.
    pub fn into_inner(self) -> T {
        match self {
            Self::New(made) | Self::Existing(made) => made,
        }
    }
}

/// What a call makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    Session,
    Turn,
}

impl Made {
    fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Turn => "turn",
        }
    }
}

/// Takes the key for what is about to be made; returns what an earlier call made with it instead.
pub(crate) async fn claim(
    connection: &mut Connection,
    call: &Idempotency,
    made: Made,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<Uuid>> {
    query("DELETE FROM idempotency_keys WHERE created_at <= $1")
        .bind(now.as_micros() - KEPT_MICROS)
        .execute(&mut *connection)
        .await?;
    let claimed = query(
        "INSERT INTO idempotency_keys (key_id, key, request_hash, made, made_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id, key) DO NOTHING",
    )
    .bind(call.key_id.0)
    .bind(&call.key)
    .bind(call.request_hash.as_slice())
    .bind(made.as_str())
    .bind(id)
    .bind(now.as_micros())
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if claimed == 1 {
        return Ok(None);
    }
    find(connection, call, made, now).await
}

/// Returns what an earlier call made with the key, if it is still kept.
pub(crate) async fn find<'e>(
    executor: impl Into<On<'e>>,
    call: &Idempotency,
    made: Made,
    now: Timestamp,
) -> Result<Option<Uuid>> {
    let row = query(
        "SELECT request_hash, made, made_id FROM idempotency_keys
         WHERE key_id = $1 AND key = $2 AND created_at > $3",
    )
    .bind(call.key_id.0)
    .bind(&call.key)
    .bind(now.as_micros() - KEPT_MICROS)
    .fetch_optional(executor)
    .await?;
    let Some(row) = &row else {
        return Ok(None);
    };
    let row = Columns(row);
    if row.hash("request_hash")? != call.request_hash || row.get::<&str>("made")? != made.as_str() {
        return Err(StoreError::IdempotencyMismatch);
    }
    Ok(Some(row.get("made_id")?))
}

/// Gives the key back, because nothing was made.
pub(crate) async fn release(connection: &mut Connection, call: &Idempotency) -> Result<()> {
    query("DELETE FROM idempotency_keys WHERE key_id = $1 AND key = $2")
        .bind(call.key_id.0)
        .bind(&call.key)
        .execute(connection)
        .await?;
    Ok(())
}
