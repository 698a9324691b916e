//! How a turn ends: by the harness's journal, or here when no harness ever had it or its volume is lost.

use vwm_api::{
    AbortRequest, Answer, EventBody, SessionId, SubsessionId, Timestamp, TurnError, TurnId,
    TurnStatus,
};

use super::answer;
use super::raw::RawBlob;
use crate::codec::{Columns, json};
use crate::db::{Connection, Row, query};
use crate::events::Log;
use crate::wake::News;
use crate::writer::Written;
use crate::{Result, Store};

impl Store {
    /// Asks for the end of turns that wait or run, and returns them. One that no harness knows of ends at once; the others are
    /// marked, and their journal ends them.
    pub async fn ask_abort(&self, session: SessionId, which: &AbortRequest) -> Result<Vec<TurnId>> {
        let which = which.clone();
        self.write(move |connection| {
            Box::pin(async move {
                let mut log = Log::open(connection, session).await?;
                let rows = query(
                    "UPDATE requests SET abort_asked = TRUE
                     WHERE session_id = $1 AND status IN ('pending', 'running')
                     AND ($2 IS NULL OR id = $2) AND ($3 IS NULL OR subsession_id = $3) RETURNING *",
                )
                .bind(session.0)
                .bind(which.request_id.map(|turn| turn.0))
                .bind(which.subsession_id.map(|subsession| subsession.0))
                .fetch_all(&mut *connection)
                .await?;
                let open = in_order(&rows)?;
                for turn in open.iter().filter(|turn| turn.is_unknown_to_harness()) {
                    let error = answer::aborted("the turn was aborted before it began; send the prompt again if it is wanted");
                    end_without_journal(connection, &mut log, turn, &error).await?;
                }
                ended(connection, log, &open).await
            })
        })
        .await
    }

    /// Ends the turns that no harness knows of, and returns them.
    pub async fn end_waiting_turns(
        &self,
        session: SessionId,
        error: TurnError,
    ) -> Result<Vec<TurnId>> {
        self.end_those(session, WAITING, error).await
    }

    /// Ends every turn that waits or runs, and returns them: the volume is lost, and with it the journal that could tell.
    pub async fn end_open_turns(
        &self,
        session: SessionId,
        error: TurnError,
    ) -> Result<Vec<TurnId>> {
        self.end_those(session, OPEN, error).await
    }

    async fn end_those(
        &self,
        session: SessionId,
        which: &'static str,
        error: TurnError,
    ) -> Result<Vec<TurnId>> {
        self.write(move |connection| {
            Box::pin(async move {
                let mut log = Log::open(connection, session).await?;
                let open = end_without_journals(connection, &mut log, which, &error).await?;
                ended(connection, log, &open).await
            })
        })
        .await
    }
}

/// The turns that no harness knows of. The mark keeps them from being offered while they end.
pub(crate) const WAITING: &str = "UPDATE requests SET abort_asked = TRUE
     WHERE session_id = $1 AND status = 'pending' AND NOT offered RETURNING *";

/// All turns that wait or run.
pub(crate) const OPEN: &str = "UPDATE requests SET abort_asked = abort_asked
     WHERE session_id = $1 AND status IN ('pending', 'running') RETURNING *";

/// Ends the turns that an update finds; it writes first, and so nobody else moves them meanwhile.
pub(crate) async fn end_without_journals(
    connection: &mut Connection,
    log: &mut Log,
    which: &'static str,
    error: &TurnError,
) -> Result<Vec<TurnState>> {
    let rows = query(which)
        .bind(log.session().0)
        .fetch_all(&mut *connection)
        .await?;
    let open = in_order(&rows)?;
    for turn in &open {
        end_without_journal(connection, log, turn, error).await?;
    }
    Ok(open)
}

/// What has to be known of a turn to go on with it or to end it.
#[derive(Debug, Clone)]
pub(crate) struct TurnState {
    pub(crate) id: TurnId,
    pub(crate) subsession: SubsessionId,
    pub(crate) status: TurnStatus,
    pub(crate) abort_asked: bool,
    position: i64,
    offered: bool,
    pub(crate) retry_of: Option<TurnId>,
    pub(crate) started_at: Option<Timestamp>,
}

impl TurnState {
    /// Reads it, unless the session has no such turn.
    pub(crate) async fn find(
        connection: &mut Connection,
        session: SessionId,
        id: TurnId,
    ) -> Result<Option<Self>> {
        query(
            "SELECT id, subsession_id, status, abort_asked, position, offered, retry_of, started_at FROM requests
             WHERE id = $1 AND session_id = $2",
        )
        .bind(id.0)
        .bind(session.0)
        .fetch_optional(connection)
        .await?
        .map(|row| Self::read(&row))
        .transpose()
    }

    fn read(row: &Row) -> Result<Self> {
        let row = Columns(row);
        Ok(Self {
            id: row.id("id", TurnId)?,
            subsession: row.id("subsession_id", SubsessionId)?,
            status: row.word("status")?,
            abort_asked: row.get("abort_asked")?,
            position: row.get("position")?,
            offered: row.get("offered")?,
            retry_of: row.id_or_none("retry_of", TurnId)?,
            started_at: row.time_or_none("started_at")?,
        })
    }

    fn is_unknown_to_harness(&self) -> bool {
        self.status == TurnStatus::Pending && !self.offered
    }
}

/// Writes the end of a turn and its last event; false, and nothing written, when it was over already. An answer whose raw output is in
/// the blobs comes without it.
pub(crate) async fn write(
    connection: &mut Connection,
    log: &mut Log,
    answer: Answer,
    raw: Option<RawBlob>,
    n: Option<i64>,
    at: Timestamp,
) -> Result<bool> {
    let changed = query(
        "UPDATE requests SET status = $2, response = $3, tokens_in = $4, tokens_out = $5, cost_usd = $6, model = $7,
             duration_ms = $8, artifacts = $9, completed_at = $10, raw_hash = $11, raw_bytes = $12
         WHERE id = $1 AND status IN ('pending', 'running')",
    )
    .bind(answer.request_id.0)
    .bind(answer.status.as_str())
    .bind(json(&answer)?)
    .bind(answer.tokens_in)
    .bind(answer.tokens_out)
    .bind(answer.cost_usd)
    .bind(&answer.model)
    .bind(answer.duration_ms)
    .bind(json(&answer.artifacts)?)
    .bind(at.as_micros())
    .bind(raw.map(|raw| raw.hash.0.to_vec()))
    .bind(raw.map(|raw| raw.bytes))
    .execute(connection)
    .await?
    .rows_affected();
    if changed == 0 {
        return Ok(false);
    }
    let (turn, subsession) = (answer.request_id, answer.subsession_id);
    let last = match answer.error.clone() {
        Some(error) => EventBody::Error(error),
        None => EventBody::Complete(Box::new(answer)),
    };
    log.push(last, Some(turn), Some(subsession), n, at)?;
    log.note_activity();
    Ok(true)
}

async fn end_without_journal(
    connection: &mut Connection,
    log: &mut Log,
    turn: &TurnState,
    error: &TurnError,
) -> Result<()> {
    let now = Timestamp::now();
    let answer = answer::without_journal(turn, error, now);
    write(connection, log, answer, None, None, now).await?;
    Ok(())
}

async fn ended(
    connection: &mut Connection,
    log: Log,
    turns: &[TurnState],
) -> Result<Written<Vec<TurnId>>> {
    let news = if turns.is_empty() {
        News::Nothing
    } else {
        News::Work(log.session())
    };
    log.write(connection).await?;
    Ok(Written::with(
        news,
        turns.iter().map(|turn| turn.id).collect(),
    ))
}

/// `RETURNING` promises no order.
fn in_order(rows: &[Row]) -> Result<Vec<TurnState>> {
    let mut turns = rows
        .iter()
        .map(TurnState::read)
        .collect::<Result<Vec<_>>>()?;
    turns.sort_by_key(|turn| turn.position);
    Ok(turns)
}
