//! What engines called their conversations: a history per conversation, in which nothing is overwritten.

use std::collections::BTreeMap;

use vwm_api::{NativeId, SessionId, SubsessionId, Timestamp};

use crate::codec::Columns;
use crate::db::{Connection, query};
use crate::{Result, Store};

/// One that the journal tells.
pub(crate) struct NewNativeId<'a> {
    pub(crate) session: SessionId,
    pub(crate) n: i64,
    pub(crate) subsession: SubsessionId,
    pub(crate) native: &'a NativeId,
    pub(crate) generation: i64,
    pub(crate) at: Timestamp,
}

/// Adds it, unless it is the conversation's newest already: an engine names itself at every start.
pub(crate) async fn append(connection: &mut Connection, new: &NewNativeId<'_>) -> Result<()> {
    query(
        "INSERT INTO native_ids (session_id, n, subsession_id, native_id, generation, created_at)
         SELECT $1, $2, $3, $4, $5, $6 WHERE $4 IS DISTINCT FROM
             (SELECT native_id FROM native_ids WHERE session_id = $1 AND subsession_id = $3 ORDER BY n DESC LIMIT 1)",
    )
    .bind(new.session.0)
    .bind(new.n)
    .bind(new.subsession.0)
    .bind(&new.native.0)
    .bind(new.generation)
    .bind(new.at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Returns the native ids of each conversation of a session, oldest first.
    pub async fn native_ids(
        &self,
        session: SessionId,
    ) -> Result<BTreeMap<SubsessionId, Vec<NativeId>>> {
        let rows = query(
            "SELECT subsession_id, native_id FROM native_ids WHERE session_id = $1 ORDER BY n",
        )
        .bind(session.0)
        .fetch_all(&self.readers)
        .await?;
        let mut ids: BTreeMap<SubsessionId, Vec<NativeId>> = BTreeMap::new();
        for row in &rows {
            let row = Columns(row);
            ids.entry(row.id("subsession_id", SubsessionId)?)
                .or_default()
                .push(NativeId(row.get("native_id")?));
        }
        Ok(ids)
    }
}
