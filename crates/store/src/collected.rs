//! What is kept of a session beyond its volume: which blob is what.

use vwm_api::{SessionId, Timestamp};

use crate::codec::Columns;
use crate::db::query;
use crate::writer::Written;
use crate::{BlobHash, Result, Store, StoreError};

/// Something that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedBlob {
    /// `transcript`, `bundle`, `archive`.
    pub kind: String,
    /// Unique in the session.
    pub name: String,
    /// Where it is in the blobs.
    pub hash: BlobHash,
    /// Its size.
    pub bytes: u64,
}

impl Store {
    /// Writes down what a blob is. Collecting the same name again, after a crash, puts the newer one in its place.
    pub async fn add_collected(
        &self,
        id: SessionId,
        kind: &str,
        name: &str,
        hash: BlobHash,
        bytes: u64,
    ) -> Result<()> {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        let bytes = i64::try_from(bytes).map_err(|_| StoreError::Corrupt {
            what: format!("{name} cannot have {bytes} bytes"),
        })?;
        self.write(move |connection| {
            Box::pin(async move {
                let inserted = query(
                    "INSERT INTO collected (session_id, name, kind, hash, bytes, created_at)
                     SELECT id, $2, $3, $4, $5, $6 FROM sessions WHERE id = $1
                     ON CONFLICT (session_id, name) DO UPDATE
                     SET kind = excluded.kind, hash = excluded.hash, bytes = excluded.bytes",
                )
                .bind(id.0)
                .bind(name)
                .bind(kind)
                .bind(hash.0.as_slice())
                .bind(bytes)
                .bind(Timestamp::now().as_micros())
                .execute(connection)
                .await?
                .rows_affected();
                if inserted == 0 {
                    return Err(StoreError::NotFound);
                }
                Ok(Written::silently(()))
            })
        })
        .await
    }

    /// Returns what is kept of a session, by name.
    pub async fn collected(&self, id: SessionId) -> Result<Vec<CollectedBlob>> {
        let rows = query(
            "SELECT kind, name, hash, bytes FROM collected WHERE session_id = $1 ORDER BY name",
        )
        .bind(id.0)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let row = Columns(row);
                Ok(CollectedBlob {
                    kind: row.get("kind")?,
                    name: row.get("name")?,
                    hash: BlobHash(row.hash("hash")?),
                    bytes: row.natural("bytes")?,
                })
            })
            .collect()
    }
}
