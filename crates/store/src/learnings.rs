//! What a session's end learns, from the decision to what the remotes have: the table `learnings`, and the branches not pushed.

use vwm_api::harness::PushAnswer;
use vwm_api::{
    AgentEvent, EndStep, Learning, OnBusy, RepositoryRole, SessionId, SessionStatus, SubsessionId,
    Timestamp, Trigger, TurnId, TurnKind, Unpushed, WorkerId,
};

use crate::codec::{Columns, json};
use crate::db::{Connection, query};
use crate::events::Log;
use crate::sessions::{moves, written};
use crate::turns::create;
use crate::wake::News;
use crate::writer::Written;
use crate::{NewTurn, Result, SessionRow, Store, StoreError};

/// What the end of a session shall learn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learn {
    /// The worker does not learn: there is no record.
    No,
    /// Nothing, and why.
    Skip(String),
    /// What a turn writes down.
    Turn(LearningTurn),
}

/// A turn in which a worker writes down what it learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearningTurn {
    /// Its conversation.
    pub subsession: SubsessionId,
    /// What the worker is asked.
    pub prompt: String,
    /// Seconds from its start.
    pub timeout_s: u32,
    /// Why there is none where no prompt of the session was completed.
    pub without_prompts: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learned {
    /// As the harness tells it.
    Told(Learning),
    /// Nobody can tell, and why.
    Lost(String),
}

/// The record of a session's learning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearningRow {
    /// The turn, or the id that it would have had.
    pub request_id: TurnId,
    /// Whose end it was.
    pub session: SessionId,
    /// The worker.
    pub worker_id: WorkerId,
    /// What came of it.
    pub learning: Learning,
    /// All input, once it is over and somebody counted.
    pub tokens_in: Option<i64>,
    /// All output, likewise.
    pub tokens_out: Option<i64>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When all of it was kept.
    pub completed_at: Option<Timestamp>,
}

impl Store {
    /// Moves a session that is still `from` into its end, and decides with that whether it learns; the reason is told where nobody
    /// asked for the end. None when it is not `from` any
    /// more, or cannot end from there.
    pub async fn end_session(
        &self,
        id: SessionId,
        from: SessionStatus,
        learn: Learn,
        reason: Option<String>,
    ) -> Result<Option<SessionRow>> {
        let Some(to) = from.after(Trigger::End) else {
            return Ok(None);
        };
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now();
                let moved = moves::change(connection, id, from, to, reason, now).await?;
                let Some(mut log) = moved else {
                    return Ok(Written::silently(None));
                };
                let learn = match learn {
                    Learn::Turn(turn) if !has_completed_prompt(connection, id).await? => {
                        Learn::Skip(turn.without_prompts)
                    }
                    learn => learn,
                };
                if let Learn::Skip(why) = &learn {
                    tell_not_learned(&mut log, why, now)?;
                }
                log.write(connection).await?;
                match learn {
                    Learn::No => {}
                    Learn::Skip(why) => {
                        insert(connection, id, TurnId::new(), Some(why), now).await?;
                    }
                    Learn::Turn(turn) => {
                        let request = make_turn(connection, id, turn, now).await?;
                        insert(connection, id, request, None, now).await?;
                    }
                }
                let row = written(connection, id).await?;
                Ok(Written::with(News::Work(id), Some(row)))
            })
        })
        .await
    }

    /// Brings an ending session to the step `collected`, with what it learned and the branches that no remote has; false, and
    /// nothing written, when it was there already.
    pub async fn set_collected(
        &self,
        id: SessionId,
        learned: Learned,
        unpushed: Vec<Unpushed>,
    ) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                let now = Timestamp::now();
                let row = query(
                    "UPDATE sessions SET end_step = $2, unpushed = $3
                     WHERE id = $1 AND status = 'ending' AND end_step IN ('stopping', 'learning', 'collecting')
                     RETURNING last_seq, pumped_n",
                )
                .bind(id.0)
                .bind(EndStep::Collected.as_str())
                .bind(json(&unpushed)?)
                .fetch_optional(&mut *connection)
                .await?;
                let Some(row) = row else {
                    return Ok(Written::silently(false));
                };
                let mut log = Log::taken(id, &row)?;
                match learned {
                    Learned::Told(learning) => {
                        complete(connection, id, &learning, now).await?;
                    }
                    Learned::Lost(why) => {
                        let learning = Learning {
                            skipped: Some(why.clone()),
                            ..Learning::default()
                        };
                        if complete(connection, id, &learning, now).await? {
                            tell_not_learned(&mut log, &why, now)?;
                        }
                    }
                }
                log.write(connection).await?;
                Ok(Written::with(News::Work(id), true))
            })
        })
        .await
    }

    /// Writes down what the push of a session's branch came to, and returns the branches that are left.
    pub async fn set_push_answer(
        &self,
        id: SessionId,
        repository: RepositoryRole,
        answer: PushAnswer,
    ) -> Result<Vec<Unpushed>> {
        self.write(move |connection| {
            Box::pin(async move {
                let row = query(
                    "UPDATE sessions SET unpushed = unpushed WHERE id = $1 RETURNING unpushed",
                )
                .bind(id.0)
                .fetch_optional(&mut *connection)
                .await?
                .ok_or(StoreError::NotFound)?;
                let mut unpushed: Vec<Unpushed> = Columns(&row).json("unpushed")?;
                let is_pushed = answer == PushAnswer::Pushed;
                match answer {
                    PushAnswer::Pushed => unpushed.retain(|branch| branch.repository != repository),
                    PushAnswer::Failed(reason) => {
                        for branch in &mut unpushed {
                            if branch.repository == repository {
                                branch.reason.clone_from(&reason);
                            }
                        }
                    }
                }
                query("UPDATE sessions SET unpushed = $2 WHERE id = $1")
                    .bind(id.0)
                    .bind(json(&unpushed)?)
                    .execute(&mut *connection)
                    .await?;
                if is_pushed && repository == RepositoryRole::KnowledgeBase {
                    query("UPDATE learnings SET git_pushed = TRUE WHERE session_id = $1 AND git_committed")
                        .bind(id.0)
                        .execute(connection)
                        .await?;
                }
                Ok(Written::with(News::Shown(id), unpushed))
            })
        })
        .await
    }

    /// Returns the record of a session's learning; none where the worker does not learn, or before the session's end.
    pub async fn learning(&self, session: SessionId) -> Result<Option<LearningRow>> {
        let row = query("SELECT * FROM learnings WHERE session_id = $1")
            .bind(session.0)
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let row = Columns(&row);
        Ok(Some(LearningRow {
            request_id: row.id("request_id", TurnId)?,
            session,
            worker_id: row.id("worker_id", WorkerId)?,
            learning: learning(row)?,
            tokens_in: row.get("tokens_in")?,
            tokens_out: row.get("tokens_out")?,
            created_at: row.time("created_at")?,
            completed_at: row.time_or_none("completed_at")?,
        }))
    }
}

/// What a record, or a row that was joined with one, says of learning.
pub(crate) fn learning(row: Columns<'_>) -> Result<Learning> {
    Ok(Learning {
        content: row.get("learning_content")?,
        path: row.get("learning_path")?,
        git_committed: row.get("git_committed")?,
        git_pushed: row.get("git_pushed")?,
        git_commit_sha: row.get("git_commit_sha")?,
        skipped: row.get("skipped")?,
    })
}

async fn has_completed_prompt(connection: &mut Connection, session: SessionId) -> Result<bool> {
    let row = query(
        "SELECT EXISTS (SELECT 1 FROM requests WHERE session_id = $1 AND kind = 'prompt' AND status = 'complete') AS has",
    )
    .bind(session.0)
    .fetch_one(connection)
    .await?;
    Columns(&row).get("has")
}

fn tell_not_learned(log: &mut Log, why: &str, now: Timestamp) -> Result<()> {
    let notice = AgentEvent::notice("not_learned", why);
    log.push(notice.into(), None, None, None, now)
}

/// Makes the turn, last in the session's order.
async fn make_turn(
    connection: &mut Connection,
    session: SessionId,
    turn: LearningTurn,
    now: Timestamp,
) -> Result<TurnId> {
    let row = query(
        "UPDATE sessions SET last_position = last_position + 1 WHERE id = $1
         RETURNING worker_id, breadcrumbs, last_position, last_seq",
    )
    .bind(session.0)
    .fetch_one(&mut *connection)
    .await?;
    let new = NewTurn {
        id: TurnId::new(),
        session,
        subsession: turn.subsession,
        prompt: turn.prompt,
        timeout_s: turn.timeout_s,
        breadcrumbs: Vec::new(),
        by: None,
        on_busy: OnBusy::Queue,
        queue_limit: u32::MAX,
        needs_slot: false,
        retry_of: None,
    };
    // It goes to the harness with the order to end: from the first moment on only a journal ends it.
    let is_offered = true;
    create::insert_row(connection, &new, TurnKind::Learning, is_offered, &row, now).await?;
    Ok(new.id)
}

async fn insert(
    connection: &mut Connection,
    session: SessionId,
    request: TurnId,
    skipped: Option<String>,
    now: Timestamp,
) -> Result<()> {
    let completed_at = skipped.is_some().then(|| now.as_micros());
    query(
        "INSERT INTO learnings (session_id, request_id, worker_id, skipped, created_at, completed_at)
         SELECT id, $2, worker_id, $3, $4, $5 FROM sessions WHERE id = $1",
    )
    .bind(session.0)
    .bind(request.0)
    .bind(skipped)
    .bind(now.as_micros())
    .bind(completed_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Completes the record; false, and nothing written, where there is none or it is complete.
async fn complete(
    connection: &mut Connection,
    session: SessionId,
    learning: &Learning,
    now: Timestamp,
) -> Result<bool> {
    let changed = query(
        "UPDATE learnings SET learning_content = $2, learning_path = $3, git_committed = $4, git_pushed = $5,
             git_commit_sha = $6, skipped = $7, completed_at = $8,
             tokens_in = (SELECT r.tokens_in FROM requests r WHERE r.id = learnings.request_id),
             tokens_out = (SELECT r.tokens_out FROM requests r WHERE r.id = learnings.request_id)
         WHERE session_id = $1 AND completed_at IS NULL",
    )
    .bind(session.0)
    .bind(&learning.content)
    .bind(&learning.path)
    .bind(learning.git_committed)
    .bind(learning.git_pushed)
    .bind(&learning.git_commit_sha)
    .bind(&learning.skipped)
    .bind(now.as_micros())
    .execute(connection)
    .await?
    .rows_affected();
    Ok(changed == 1)
}
