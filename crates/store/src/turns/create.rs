//! How a turn begins: a row, which carries the work from there on.

use uuid::Uuid;
use vwm_api::{KeyId, OnBusy, SessionId, SessionStatus, SubsessionId, Timestamp, TurnId, TurnKind};

use super::{Turn, find, turn};
use crate::codec::{Columns, json};
use crate::db::{Connection, Row, query};
use crate::idempotency::{self, Made};
use crate::wake::News;
use crate::writer::Written;
use crate::{Idempotency, Result, Store, StoreError};

/// A turn that a client asks for; what a session's end asks for is in `learnings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTurn {
    /// The id.
    pub id: TurnId,
    /// Its session.
    pub session: SessionId,
    /// Its conversation.
    pub subsession: SubsessionId,
    /// What is asked.
    pub prompt: String,
    /// Seconds from its start.
    pub timeout_s: u32,
    /// For finding it again, beside the session's.
    pub breadcrumbs: Vec<String>,
    /// Who asks; none for what a session's end asks.
    pub by: Option<KeyId>,
    /// What happens when the conversation is busy.
    pub on_busy: OnBusy,
    /// How many turns may wait behind the one that runs.
    pub queue_limit: u32,
    /// Whether it may have to wait where its conversation is free: the turns that run at once are bounded.
    pub needs_slot: bool,
    /// The turn that it tries again.
    pub retry_of: Option<TurnId>,
}

/// What became of asking for a turn.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnCreated {
    /// It waits to be run.
    New(Turn),
    /// The same call made this one before.
    Existing(Turn),
    /// The conversation is busy, and the caller did not want to wait.
    Busy,
    /// Too many wait in the conversation.
    QueueFull,
    /// The session takes no turns in this status.
    SessionIs(SessionStatus),
}

impl Store {
    /// Makes a turn that waits, or says why there is none; what is refused leaves nothing behind.
    pub async fn create_turn(
        &self,
        new: NewTurn,
        call: Option<&Idempotency>,
    ) -> Result<TurnCreated> {
        let call = call.cloned();
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now();
                if let Some(call) = &call
                    && let Some(made) =
                        idempotency::claim(connection, call, Made::Turn, new.id.0, now).await?
                {
                    let existing = written(connection, TurnId(made)).await?;
                    return Ok(Written::silently(TurnCreated::Existing(existing)));
                }
                match insert(connection, &new, now).await? {
                    Ok(turn) => Ok(Written::with(
                        News::Work(new.session),
                        TurnCreated::New(turn),
                    )),
                    Err(refusal) => {
                        if let Some(call) = &call {
                            idempotency::release(connection, call).await?;
                        }
                        Ok(Written::silently(refusal))
                    }
                }
            })
        })
        .await
    }
}

/// Inserts the turn, or returns why not.
async fn insert(
    connection: &mut Connection,
    new: &NewTurn,
    now: Timestamp,
) -> Result<std::result::Result<Turn, TurnCreated>> {
    let Some(session) = take_session(connection, new, now).await? else {
        let status = status(connection, new.session).await?;
        return Ok(Err(TurnCreated::SessionIs(status)));
    };
    let columns = Columns(&session);
    let open: i64 = columns.get("open")?;
    if open > 0 && new.on_busy == OnBusy::Reject {
        return Ok(Err(TurnCreated::Busy));
    }
    // One of the open turns is at its turn, the others wait; this one would join them.
    if open > i64::from(new.queue_limit) {
        return Ok(Err(TurnCreated::QueueFull));
    }
    // It goes to the harness next, so it is offered already: a transaction less on the way.
    let is_offered = open == 0 && !new.needs_slot && columns.get::<bool>("has_harness")?;
    insert_row(connection, new, TurnKind::Prompt, is_offered, &session, now)
        .await
        .map(Ok)
}

/// Inserts a turn's row; the session's row was changed just now, and that returned `worker_id`, `breadcrumbs`, `last_position` and
/// `last_seq`.
pub(crate) async fn insert_row(
    connection: &mut Connection,
    new: &NewTurn,
    kind: TurnKind,
    is_offered: bool,
    session: &Row,
    now: Timestamp,
) -> Result<Turn> {
    let session = Columns(session);
    let row = query(
        "INSERT INTO requests (id, session_id, worker_id, subsession_id, position, after_seq, kind, prompt, timeout_s,
             breadcrumbs, key_id, status, offered, created_at, retry_of)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', $12, $13, $14) RETURNING *",
    )
    .bind(new.id.0)
    .bind(new.session.0)
    .bind(session.get::<Uuid>("worker_id")?)
    .bind(new.subsession.0)
    .bind(session.get::<i64>("last_position")?)
    .bind(session.get::<i64>("last_seq")?)
    .bind(kind.as_str())
    .bind(&new.prompt)
    .bind(new.timeout_s)
    .bind(json(&breadcrumbs(session.json("breadcrumbs")?, &new.breadcrumbs))?)
    .bind(new.by.map(|key| key.0))
    .bind(is_offered)
    .bind(now.as_micros())
    .bind(new.retry_of.map(|turn| turn.0))
    .fetch_one(connection)
    .await
    .map_err(|error| StoreError::duplicate(error, || format!("turn {}", new.id)))?;
    turn(&row)
}

/// The session's, and then the turn's own; each once.
fn breadcrumbs(of_session: Vec<String>, own: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for breadcrumb in of_session.iter().chain(own) {
        if !all.contains(breadcrumb) {
            all.push(breadcrumb.clone());
        }
    }
    all
}

/// Takes the session's row and the turn's place in its order; none when the session's status forbids the turn. With it come the
/// number of open turns in the conversation, and whether a harness is there that would take the turn.
async fn take_session(
    connection: &mut Connection,
    new: &NewTurn,
    now: Timestamp,
) -> Result<Option<Row>> {
    // What is returned besides the row would be as it was before a wait for it.
    let row = query("SELECT id FROM sessions WHERE id = $1 FOR NO KEY UPDATE");
    connection.lock(row.bind(new.session.0)).await?;
    let row = query(
        "UPDATE sessions SET last_activity_at = $2, last_position = last_position + 1
         WHERE id = $1 AND status IN ('active', 'suspended')
         RETURNING worker_id, breadcrumbs, last_position, last_seq,
             (SELECT count(*) FROM requests r WHERE r.session_id = sessions.id AND r.subsession_id = $3
                 AND r.status IN ('pending', 'running')) AS open,
             status = 'active' AND EXISTS (SELECT 1 FROM jobs j WHERE j.session_id = sessions.id
                 AND j.generation = sessions.generation AND j.gone_at IS NULL) AS has_harness",
    )
    .bind(new.session.0)
    .bind(now.as_micros())
    .bind(new.subsession.0)
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

async fn status(connection: &mut Connection, session: SessionId) -> Result<SessionStatus> {
    let row = query("SELECT status FROM sessions WHERE id = $1")
        .bind(session.0)
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::NotFound)?;
    Columns(&row).word("status")
}

async fn written(connection: &mut Connection, id: TurnId) -> Result<Turn> {
    find(connection, id).await?.ok_or(StoreError::NotFound)
}
