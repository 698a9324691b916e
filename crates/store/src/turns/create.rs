//! How a turn begins: a row, which carries the work from there on.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;
use vwm_api::{OnBusy, SessionId, SessionStatus, SubsessionId, Timestamp, TurnId, TurnKind};

use super::{Turn, find};
use crate::codec::{Columns, json};
use crate::idempotency::{self, Made};
use crate::wake::News;
use crate::writer::Written;
use crate::{Idempotency, Result, Store, StoreError};

/// A turn to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTurn {
    /// The id.
    pub id: TurnId,
    /// Its session.
    pub session: SessionId,
    /// Its conversation.
    pub subsession: SubsessionId,
    /// Who asks: a prompt wants an active or suspended session, learning an ending one.
    pub kind: TurnKind,
    /// What is asked.
    pub prompt: String,
    /// Seconds from its start.
    pub timeout_s: u32,
    /// For finding it again.
    pub breadcrumbs: Vec<String>,
    /// What happens when the conversation is busy.
    pub on_busy: OnBusy,
    /// How many turns may wait behind the one that runs.
    pub queue_limit: u32,
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
                if let Some(refusal) = insert(connection, &new, now).await? {
                    if let Some(call) = &call {
                        idempotency::release(connection, call).await?;
                    }
                    return Ok(Written::silently(refusal));
                }
                let turn = written(connection, new.id).await?;
                Ok(Written::with(
                    News::Work(new.session),
                    TurnCreated::New(turn),
                ))
            })
        })
        .await
    }
}

/// Inserts the turn, or returns why not.
async fn insert(
    connection: &mut SqliteConnection,
    new: &NewTurn,
    now: Timestamp,
) -> Result<Option<TurnCreated>> {
    let Some(session) = take_session(connection, new, now).await? else {
        return Ok(Some(TurnCreated::SessionIs(
            status(connection, new.session).await?,
        )));
    };
    let open = open_in_conversation(connection, new).await?;
    if open > 0 && new.on_busy == OnBusy::Reject {
        return Ok(Some(TurnCreated::Busy));
    }
    // One of the open turns is at its turn, the others wait; this one would join them.
    if open > i64::from(new.queue_limit) {
        return Ok(Some(TurnCreated::QueueFull));
    }
    let session = Columns(&session);
    sqlx::query(
        "INSERT INTO requests (id, session_id, worker_id, subsession_id, position, after_seq, kind, prompt, timeout_s,
             breadcrumbs, status, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11)",
    )
    .bind(new.id.0)
    .bind(new.session.0)
    .bind(session.get::<Uuid>("worker_id")?)
    .bind(new.subsession.0)
    .bind(session.get::<i64>("last_position")?)
    .bind(session.get::<i64>("last_seq")?)
    .bind(new.kind.as_str())
    .bind(&new.prompt)
    .bind(new.timeout_s)
    .bind(json(&new.breadcrumbs)?)
    .bind(now.as_micros())
    .execute(connection)
    .await
    .map_err(|error| StoreError::duplicate(error, || format!("turn {}", new.id)))?;
    Ok(None)
}

/// Takes the session's row and the turn's place in its order; none when the session's status forbids the turn.
async fn take_session(
    connection: &mut SqliteConnection,
    new: &NewTurn,
    now: Timestamp,
) -> Result<Option<SqliteRow>> {
    let (one, other) = match new.kind {
        TurnKind::Prompt => (SessionStatus::Active, SessionStatus::Suspended),
        TurnKind::Learning => (SessionStatus::Ending, SessionStatus::Ending),
    };
    let row = sqlx::query(
        "UPDATE sessions SET last_activity_at = $2, last_position = last_position + 1
         WHERE id = $1 AND status IN ($3, $4) RETURNING worker_id, last_position, last_seq",
    )
    .bind(new.session.0)
    .bind(now.as_micros())
    .bind(one.as_str())
    .bind(other.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

async fn open_in_conversation(connection: &mut SqliteConnection, new: &NewTurn) -> Result<i64> {
    let row = sqlx::query(
        "SELECT count(*) AS open FROM requests
         WHERE session_id = $1 AND subsession_id = $2 AND status IN ('pending', 'running')",
    )
    .bind(new.session.0)
    .bind(new.subsession.0)
    .fetch_one(connection)
    .await?;
    Columns(&row).get("open")
}

async fn status(connection: &mut SqliteConnection, session: SessionId) -> Result<SessionStatus> {
    let row = sqlx::query("SELECT status FROM sessions WHERE id = $1")
        .bind(session.0)
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::NotFound)?;
    Columns(&row).word("status")
}

async fn written(connection: &mut SqliteConnection, id: TurnId) -> Result<Turn> {
    find(connection, id).await?.ok_or(StoreError::NotFound)
}
