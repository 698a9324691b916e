//! Turns: one prompt and all that followed from it, in the table `requests`.

pub(crate) mod answer;
pub(crate) mod create;
pub(crate) mod end;
pub(crate) mod raw;
pub(crate) mod waiting;

use vwm_api::{Answer, SessionId, SubsessionId, Timestamp, TurnId, TurnKind, TurnStatus, WorkerId};

use crate::codec::Columns;
use crate::db::{On, Row, query};
use crate::writer::Written;
use crate::{Result, Store};

pub use create::{NewTurn, TurnCreated};
pub use waiting::{SlotHolder, Waiting};

/// A turn as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The id.
    pub id: TurnId,
    /// Its session.
    pub session: SessionId,
    /// The session's worker.
    pub worker_id: WorkerId,
    /// Its conversation.
    pub subsession: SubsessionId,
    /// Who asked.
    pub kind: TurnKind,
    /// What was asked.
    pub prompt: String,
    /// Seconds from its start.
    pub timeout_s: u32,
    /// For finding it again.
    pub breadcrumbs: Vec<String>,
    /// Where it stands.
    pub status: TurnStatus,
    /// Whether a harness may know of it.
    pub offered: bool,
    /// Whether it is to be aborted.
    pub abort_asked: bool,
    /// The turn that it tries again.
    pub retry_of: Option<TurnId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When a harness took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// The answer, once it is over.
    pub answer: Option<Answer>,
}

impl Store {
    /// Returns a turn.
    pub async fn turn(&self, id: TurnId) -> Result<Option<Turn>> {
        let row = query("SELECT * FROM requests WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut turn = turn(&row)?;
        self.fill_turn(&mut turn, &row).await?;
        Ok(Some(turn))
    }

    /// Returns a session's turns, oldest first.
    pub async fn turns(&self, session: SessionId) -> Result<Vec<Turn>> {
        let rows = query("SELECT * FROM requests WHERE session_id = $1 ORDER BY position")
            .bind(session.0)
            .fetch_all(&self.readers)
            .await?;
        let mut turns = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut turn = turn(row)?;
            self.fill_turn(&mut turn, row).await?;
            turns.push(turn);
        }
        Ok(turns)
    }

    /// Returns a session's turns that wait or run, oldest first.
    pub async fn open_turns(&self, session: SessionId) -> Result<Vec<Turn>> {
        let rows = query(
            "SELECT * FROM requests WHERE session_id = $1 AND status IN ('pending', 'running') ORDER BY position",
        )
        .bind(session.0)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(turn).collect()
    }

    /// Notes that a harness is about to be asked to run a turn; false when it must not be asked, because the turn is aborted or
    /// no longer waits. From here on only the journal ends the turn.
    pub async fn offer_turn(&self, id: TurnId) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let offered = query(
                    "UPDATE requests SET offered = TRUE WHERE id = $1 AND status = 'pending' AND NOT abort_asked",
                )
                .bind(id.0)
                .execute(connection)
                .await?
                .rows_affected();
                Ok(Written::silently(offered == 1))
            })
        })
        .await
    }
}

/// A turn whose raw output may lie in the blobs: whoever tells its answer asks `Store::turn`.
async fn find<'e>(executor: impl Into<On<'e>>, id: TurnId) -> Result<Option<Turn>> {
    query("SELECT * FROM requests WHERE id = $1")
        .bind(id.0)
        .fetch_optional(executor)
        .await?
        .map(|row| turn(&row))
        .transpose()
}

fn turn(row: &Row) -> Result<Turn> {
    let row = Columns(row);
    Ok(Turn {
        id: row.id("id", TurnId)?,
        session: row.id("session_id", SessionId)?,
        worker_id: row.id("worker_id", WorkerId)?,
        subsession: row.id("subsession_id", SubsessionId)?,
        kind: row.word("kind")?,
        prompt: row.get("prompt")?,
        timeout_s: row.natural("timeout_s")?,
        breadcrumbs: row.json("breadcrumbs")?,
        status: row.word("status")?,
        offered: row.get("offered")?,
        abort_asked: row.get("abort_asked")?,
        retry_of: row.id_or_none("retry_of", TurnId)?,
        created_at: row.time("created_at")?,
        started_at: row.time_or_none("started_at")?,
        completed_at: row.time_or_none("completed_at")?,
        answer: row.json_or_none("response")?,
    })
}
