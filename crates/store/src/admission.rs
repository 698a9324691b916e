//! How many sessions there may be: counted in the transaction that makes one, so that no two calls take the last place.

use vwm_api::WorkerId;

use crate::codec::Columns;
use crate::db::{Connection, query};
use crate::{Result, Store, StoreError};

/// How many sessions may be pending, active or ending; none is without a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionLimits {
    /// On the whole server.
    pub server: Option<u64>,
    /// Of each worker.
    pub worker: Option<u64>,
}

/// What the calls that make sessions queue for, so that each counts what the one before it made.
const ADMISSION: i64 = 0x7677_6d5f_6164_6d74;

impl Store {
    /// Returns an error where no session of any worker is taken just now. It promises nothing to who asks.
    pub async fn has_room(&self, limits: SessionLimits) -> Result<()> {
        if limits.server.is_none() {
            return Ok(());
        }
        let row = query(
            "SELECT count(*) AS number FROM sessions WHERE status IN ('pending', 'active', 'ending')",
        )
        .fetch_one(&self.readers)
        .await?;
        check(
            "this server",
            limits.server,
            Columns(&row).natural("number")?,
        )
    }
}

/// Returns an error where one more session would be too many.
pub(crate) async fn admit(
    connection: &mut Connection,
    limits: SessionLimits,
    worker: WorkerId,
) -> Result<()> {
    if limits == SessionLimits::default() {
        return Ok(());
    }
    match connection {
        // It has one writer.
        Connection::Sqlite(_) => {}
        // Its transactions run at once. The lock goes with this one; what is counted below is read after it is held.
        Connection::Postgres(_) => {
            query("SELECT pg_advisory_xact_lock($1)")
                .bind(ADMISSION)
                .execute(&mut *connection)
                .await?;
        }
    }
    let row = query(
        "SELECT count(*) AS number,
             CAST(coalesce(sum(CASE WHEN worker_id = $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS of_worker
         FROM sessions WHERE status IN ('pending', 'active', 'ending')",
    )
    .bind(worker.0)
    .fetch_one(connection)
    .await?;
    check(
        "this server",
        limits.server,
        Columns(&row).natural("number")?,
    )?;
    check(
        "the worker",
        limits.worker,
        Columns(&row).natural("of_worker")?,
    )
}

fn check(whose: &'static str, limit: Option<u64>, number: u64) -> Result<()> {
    match limit {
        Some(limit) if number >= limit => Err(StoreError::SessionsFull {
            whose,
            number,
            limit,
        }),
        Some(_) | None => Ok(()),
    }
}
