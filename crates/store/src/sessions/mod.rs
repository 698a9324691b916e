//! Sessions: their rows, how they are made and found.

pub(crate) mod lifecycle;
pub(crate) mod moves;

use std::time::Duration;

use vwm_api::{
    EventBody, Repository, Session, SessionId, SessionPage, SessionStatus, Timestamp, Warning,
    WorkerId,
};

use crate::admission::{self, SessionLimits};
use crate::codec::{Columns, json};
use crate::db::{Connection, On, Row, query};
use crate::events::Log;
use crate::idempotency::{self, Made};
use crate::wake::News;
use crate::writer::Written;
use crate::{Created, Idempotency, Result, Store, StoreError};

/// A session, and what only the server needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// What is told.
    pub session: Session,
    /// Its newest event.
    pub last_seq: i64,
    /// The newest record of its harness's journal that is stored.
    pub pumped_n: i64,
    /// The number of its newest job; 0 before the first.
    pub generation: i64,
    /// How long it had a job.
    pub active: Duration,
    /// Whether somebody asked that it resume, although no turn waits.
    pub resume_asked: bool,
    /// Resumes in a row that came to nothing.
    pub failed_resumes: u32,
    /// Whether it was told that its time is nearly up.
    pub ending_told: bool,
}

/// A session to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSessionRow {
    /// The id.
    pub id: SessionId,
    /// The worker.
    pub worker_id: WorkerId,
    /// Its revision.
    pub worker_revision: i64,
    /// What to work on.
    pub repository: Option<Repository>,
    /// For finding it again.
    pub breadcrumbs: Vec<String>,
    /// How long it may have a job, in seconds.
    pub timeout: u32,
    /// Whether `session-{id}` may be left out when its base holds all of it.
    pub auto_delete_branch: bool,
    /// What is accepted and has no effect yet.
    pub warnings: Vec<Warning>,
    /// How many sessions there may be with it.
    pub limits: SessionLimits,
}

/// Which sessions to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only with this status.
    pub status: Option<SessionStatus>,
    /// Only of this worker.
    pub worker_id: Option<WorkerId>,
    /// Only with this breadcrumb.
    pub breadcrumb: Option<String>,
    /// The most that a page holds.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl Default for SessionFilter {
    fn default() -> Self {
        Self {
            status: None,
            worker_id: None,
            breadcrumb: None,
            limit: 50,
            cursor: None,
        }
    }
}

/// `$1` is the present moment, up to which a running job counts.
macro_rules! select_session {
    ($rest:literal) => {
        concat!(
            "SELECT s.*, (SELECT CAST(coalesce(sum(coalesce(j.gone_at, $1) - j.created_at), 0) AS BIGINT)
                 FROM jobs j WHERE j.session_id = s.id) AS active_micros
             FROM sessions s ",
            $rest
        )
    };
}

impl Store {
    /// Makes a session, pending, with its first event; or returns what the same call made before, whatever the limits say by now.
    pub async fn create_session(
        &self,
        new: NewSessionRow,
        call: Option<&Idempotency>,
    ) -> Result<Created<SessionRow>> {
        let call = call.cloned();
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now();
                if let Some(call) = &call
                    && let Some(made) =
                        idempotency::claim(connection, call, Made::Session, new.id.0, now).await?
                {
                    let existing = written(connection, SessionId(made)).await?;
                    return Ok(Written::silently(Created::Existing(existing)));
                }
                admission::admit(connection, new.limits, new.worker_id).await?;
                insert(connection, &new, now).await?;
                let row = written(connection, new.id).await?;
                Ok(Written::with(News::Work(new.id), Created::New(row)))
            })
        })
        .await
    }

    /// Returns the session that the same call made before.
    pub async fn session_made_by(&self, call: &Idempotency) -> Result<Option<SessionRow>> {
        let now = Timestamp::now();
        match idempotency::find(&self.readers, call, Made::Session, now).await? {
            Some(made) => find(&self.readers, SessionId(made)).await,
            None => Ok(None),
        }
    }

    /// Returns a session.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRow>> {
        find(&self.readers, id).await
    }

    /// Returns a page of sessions, newest first.
    pub async fn sessions(&self, filter: SessionFilter) -> Result<SessionPage> {
        let before = match filter.cursor {
            None => None,
            Some(cursor) => match cursor.parse::<SessionId>() {
                Ok(id) => Some(id.0),
                Err(_) => return Err(StoreError::BadCursor { cursor }),
            },
        };
        let limit = filter.limit.max(1);
        // One more than asked for tells whether there is another page.
        let rows = query(select_session!(
            "WHERE ($2 IS NULL OR s.status = $2) AND ($3 IS NULL OR s.worker_id = $3)
             AND ($4 IS NULL OR s.id IN (SELECT b.session_id FROM session_breadcrumbs b WHERE b.breadcrumb = $4))
             AND ($5 IS NULL OR s.id < $5)
             ORDER BY s.id DESC LIMIT $6"
        ))
        .bind(Timestamp::now().as_micros())
        .bind(filter.status.map(SessionStatus::as_str))
        .bind(filter.worker_id.map(|worker| worker.0))
        .bind(filter.breadcrumb)
        .bind(before)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.readers)
        .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows.iter().take(limit as usize) {
            items.push(session_row(row)?.session);
        }
        let is_more = rows.len() > items.len();
        let next_cursor = match items.last() {
            Some(last) if is_more => Some(last.id.to_string()),
            _ => None,
        };
        Ok(SessionPage { items, next_cursor })
    }

    /// Returns the sessions that the orchestrator has to look at: a suspended one only when a turn waits for it or somebody asked that
    /// it resume, and one that rests otherwise as long as it has a job, which nobody else would stop. Those that sleep cost nothing:
    /// each part begins with the few rows that can name one.
    pub async fn live_sessions(&self) -> Result<Vec<SessionId>> {
        let rows = query(
            "SELECT id FROM sessions WHERE status IN ('pending', 'active', 'ending')
             UNION SELECT s.id FROM requests r CROSS JOIN sessions s
                 WHERE r.status IN ('pending', 'running') AND s.id = r.session_id AND s.status = 'suspended'
             UNION SELECT s.id FROM jobs j CROSS JOIN sessions s
                 WHERE j.gone_at IS NULL AND s.id = j.session_id AND s.status IN ('suspended', 'failed')
             UNION SELECT id FROM sessions WHERE resume_asked AND status = 'suspended'
             ORDER BY id",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Columns(row).id("id", SessionId))
            .collect()
    }
}

async fn insert(connection: &mut Connection, new: &NewSessionRow, now: Timestamp) -> Result<()> {
    // Neither goes while a session is made that needs it.
    let worker = query("SELECT id FROM workers WHERE id = $1 FOR SHARE").bind(new.worker_id.0);
    connection.lock(worker).await?;
    let runtime = query(
        "SELECT id FROM runtimes WHERE id =
             (SELECT runtime_id FROM worker_revisions WHERE worker_id = $1 AND revision = $2) FOR SHARE",
    )
    .bind(new.worker_id.0)
    .bind(new.worker_revision);
    connection.lock(runtime).await?;
    let row = query(
        "INSERT INTO sessions (id, worker_id, worker_revision, status, repository, breadcrumbs, timeout_s,
             auto_delete_branch, warnings, status_since, created_at, last_activity_at)
         SELECT $1, r.worker_id, r.revision, $4, $5, $6, $7, $8, $9, $10, $10, $10
         FROM worker_revisions r JOIN workers w ON w.id = r.worker_id
         WHERE r.worker_id = $2 AND r.revision = $3 AND w.deleted_at IS NULL
         RETURNING last_seq, pumped_n",
    )
    .bind(new.id.0)
    .bind(new.worker_id.0)
    .bind(new.worker_revision)
    .bind(SessionStatus::Pending.as_str())
    .bind(new.repository.as_ref().map(json).transpose()?)
    .bind(json(&new.breadcrumbs)?)
    .bind(new.timeout)
    .bind(new.auto_delete_branch)
    .bind(json(&new.warnings)?)
    .bind(now.as_micros())
    .fetch_optional(&mut *connection)
    .await
    .map_err(|error| StoreError::duplicate(error, || format!("session {}", new.id)))?
    .ok_or(StoreError::UnknownReference {
        path: "workerId",
        id: new.worker_id.0,
    })?;
    for breadcrumb in &new.breadcrumbs {
        query(
            "INSERT INTO session_breadcrumbs (breadcrumb, session_id) VALUES ($1, $2)
             ON CONFLICT (breadcrumb, session_id) DO NOTHING",
        )
        .bind(breadcrumb)
        .bind(new.id.0)
        .execute(&mut *connection)
        .await?;
    }
    let made = EventBody::Status {
        from: None,
        to: SessionStatus::Pending,
        reason: None,
    };
    let mut log = Log::taken(new.id, &row)?;
    log.push(made, None, None, None, now)?;
    log.write(connection).await?;
    Ok(())
}

async fn find<'e>(executor: impl Into<On<'e>>, id: SessionId) -> Result<Option<SessionRow>> {
    query(select_session!("WHERE s.id = $2"))
        .bind(Timestamp::now().as_micros())
        .bind(id.0)
        .fetch_optional(executor)
        .await?
        .map(|row| session_row(&row))
        .transpose()
}

pub(crate) async fn written(connection: &mut Connection, id: SessionId) -> Result<SessionRow> {
    find(connection, id).await?.ok_or(StoreError::NotFound)
}

fn session_row(row: &Row) -> Result<SessionRow> {
    let row = Columns(row);
    let active_micros: i64 = row.get("active_micros")?;
    // A clock that stepped back must not make it negative.
    let active = Duration::from_micros(active_micros.try_into().unwrap_or(0));
    let status = row.word("status")?;
    let resume_asked = row.get("resume_asked")?;
    Ok(SessionRow {
        session: Session {
            id: row.id("id", SessionId)?,
            worker_id: row.id("worker_id", WorkerId)?,
            worker_revision: row.get("worker_revision")?,
            status,
            status_since: row.time("status_since")?,
            status_reason: row.get("status_reason")?,
            end_step: row.word_or_none("end_step")?,
            repository: row.json_or_none("repository")?,
            breadcrumbs: row.json("breadcrumbs")?,
            timeout: row.natural("timeout_s")?,
            auto_delete_branch: row.get("auto_delete_branch")?,
            wall: row.get("wall")?,
            created_at: row.time("created_at")?,
            last_activity_at: row.time("last_activity_at")?,
            ended_at: row.time_or_none("ended_at")?,
            active_seconds: (active_micros / 1_000_000).max(0),
            resuming: resume_asked && status == SessionStatus::Suspended,
            warnings: row.json("warnings")?,
            unpushed: row.json("unpushed")?,
        },
        last_seq: row.get("last_seq")?,
        pumped_n: row.get("pumped_n")?,
        generation: row.get("generation")?,
        active,
        resume_asked,
        failed_resumes: row.natural("failed_resumes")?,
        ending_told: row.get("ending_told")?,
    })
}
