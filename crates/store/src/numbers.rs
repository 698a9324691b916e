//! Numbers over all that is remembered, for those who watch the server.

use vwm_api::{SessionStatus, TurnKind, TurnStatus};

use crate::codec::Columns;
use crate::db::{Readers, query};
use crate::{Result, Store};

/// What all turns together used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// All input, cached included.
    pub tokens_in: i64,
    /// All output.
    pub tokens_out: i64,
    /// What the engines say it cost.
    pub cost_usd: f64,
}

impl Store {
    /// Returns how many sessions there are per status; a status without any is left out.
    pub async fn session_counts(&self) -> Result<Vec<(SessionStatus, i64)>> {
        let rows = query("SELECT status, count(*) AS number FROM sessions GROUP BY status")
            .fetch_all(&self.readers)
            .await?;
        let count = |row| Ok((Columns(row).word("status")?, Columns(row).get("number")?));
        rows.iter().map(count).collect()
    }

    /// Returns how many turns there are per kind and status; what there is none of is left out.
    pub async fn turn_counts(&self) -> Result<Vec<(TurnKind, TurnStatus, i64)>> {
        let rows =
            query("SELECT kind, status, count(*) AS number FROM requests GROUP BY kind, status")
                .fetch_all(&self.readers)
                .await?;
        let count = |row| {
            let row = Columns(row);
            Ok((row.word("kind")?, row.word("status")?, row.get("number")?))
        };
        rows.iter().map(count).collect()
    }

    /// Returns what all turns together used.
    pub async fn usage(&self) -> Result<Usage> {
        let row = query(
            "SELECT CAST(coalesce(sum(tokens_in), 0) AS BIGINT) AS tokens_in,
                 CAST(coalesce(sum(tokens_out), 0) AS BIGINT) AS tokens_out,
                 CAST(coalesce(sum(cost_usd), 0) AS DOUBLE PRECISION) AS cost_usd
             FROM requests",
        )
        .fetch_one(&self.readers)
        .await?;
        let row = Columns(&row);
        Ok(Usage {
            tokens_in: row.get("tokens_in")?,
            tokens_out: row.get("tokens_out")?,
            cost_usd: row.get("cost_usd")?,
        })
    }

    /// Returns how many turns wait.
    pub async fn waiting_turns(&self) -> Result<i64> {
        // Every kind is named, because the index begins with it.
        let row = query(
            "SELECT count(*) AS number FROM requests WHERE kind IN ('prompt', 'learning') AND status = 'pending'",
        )
        .fetch_one(&self.readers)
        .await?;
        Columns(&row).get("number")
    }

    /// Returns the size of the database in bytes; what stands only in its log is not in it.
    pub async fn database_bytes(&self) -> Result<i64> {
        let size = match &self.readers {
            Readers::Sqlite(_) => {
                "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size"
            }
            Readers::Postgres(_) => "SELECT pg_database_size(current_database()) AS bytes",
        };
        let row = query(size).fetch_one(&self.readers).await?;
        Columns(&row).get("bytes")
    }
}
