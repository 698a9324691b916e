//! Events: a log per session whose numbers have no holes, serialized once.

use std::cell::RefCell;
use std::future::Future;
use std::sync::LazyLock;

use vwm_api::{Event, EventBody, Seq, SessionId, SessionStatus, SubsessionId, Timestamp, TurnId};

use crate::codec::{Columns, json};
use crate::db::{Connection, Query, Row, query};
use crate::turns::raw;
use crate::turns::raw::LEFT_OUT;
use crate::wake::{News, Wakes};
use crate::window::{Frames, Told};
use crate::writer::Written;
use crate::{Result, Store, StoreError};

/// One event as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The frame's `id`.
    pub seq: Seq,
    /// The frame's `data`.
    pub data: String,
    /// The turn it belongs to.
    pub request_id: Option<TurnId>,
    /// Whether it is the last one of its turn.
    pub ends_turn: bool,
    /// When it happened.
    pub at: Timestamp,
}

/// What a session's log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogExtent {
    /// The oldest event that is still kept; the one after `last` where none is.
    pub first: Seq,
    /// The newest event.
    pub last: Seq,
    /// Where the session stands.
    pub status: SessionStatus,
}

impl Store {
    /// Adds an event of the server's own, and returns its number.
    pub async fn append_event(
        &self,
        id: SessionId,
        turn: Option<TurnId>,
        subsession: Option<SubsessionId>,
        body: EventBody,
    ) -> Result<Seq> {
        self.write(move |connection| {
            Box::pin(async move {
                let mut log = Log::open(connection, id).await?;
                log.push(body, turn, subsession, None, Timestamp::now())?;
                let seq = log.write(connection).await?;
                Ok(Written::with(News::Shown(id), seq))
            })
        })
        .await
    }

    /// Returns at most `limit` events after a number, in order; with a turn, only those of the turn.
    pub async fn events_after(
        &self,
        session: SessionId,
        after: Seq,
        turn: Option<TurnId>,
        limit: u32,
    ) -> Result<Vec<Frame>> {
        let (frames, _) = self
            .read_events(session, after, turn, limit, usize::MAX)
            .await?;
        Ok(frames)
    }

    /// Likewise, but no more than are sent at once, however long each is; and whether these are all.
    pub(crate) async fn some_events_after(
        &self,
        session: SessionId,
        after: Seq,
        turn: Option<TurnId>,
    ) -> Result<(Vec<Frame>, bool)> {
        const ROWS: u32 = 256;
        const BYTES: usize = 64 << 10;
        self.read_events(session, after, turn, ROWS, BYTES).await
    }

    async fn read_events(
        &self,
        session: SessionId,
        after: Seq,
        turn: Option<TurnId>,
        limit: u32,
        most_bytes: usize,
    ) -> Result<(Vec<Frame>, bool)> {
        let query = match turn {
            None => query(
                "SELECT seq, body, request_id, ends_turn, created_at FROM events
                 WHERE session_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            )
            .bind(session.0)
            .bind(after)
            .bind(limit),
            // What was there before the turn need not be looked at.
            Some(turn) => query(
                "SELECT seq, body, request_id, ends_turn, created_at FROM events
                 WHERE session_id = $1 AND seq > $2 AND request_id = $4
                 AND seq > (SELECT after_seq FROM requests WHERE id = $4) ORDER BY seq LIMIT $3",
            )
            .bind(session.0)
            .bind(after)
            .bind(limit)
            .bind(turn.0),
        };
        let (mut frames, mut bytes) = (Vec::new(), 0);
        let is_end = query
            .fetch_while(&self.readers, |row| {
                let frame = frame(row)?;
                bytes += frame.data.len() + raw::length_elsewhere(&frame);
                frames.push(frame);
                Ok::<_, StoreError>(bytes < most_bytes)
            })
            .await?;
        self.fill_frames(&mut frames).await?;
        let is_all = is_end && u32::try_from(frames.len()).is_ok_and(|rows| rows < limit);
        Ok((frames, is_all))
    }

    /// Returns what a session's log has, and where the session stands.
    pub async fn log_extent(&self, session: SessionId) -> Result<Option<LogExtent>> {
        query("SELECT first_seq, last_seq, status FROM sessions WHERE id = $1")
            .bind(session.0)
            .fetch_optional(&self.readers)
            .await?
            .map(|row| {
                let row = Columns(&row);
                Ok(LogExtent {
                    first: row.get("first_seq")?,
                    last: row.get("last_seq")?,
                    status: row.word("status")?,
                })
            })
            .transpose()
    }

    /// Returns the number of the session's newest event when a turn was made: the turn's own come after it.
    pub async fn turn_begins_after(&self, turn: TurnId) -> Result<Option<Seq>> {
        query("SELECT after_seq FROM requests WHERE id = $1")
            .bind(turn.0)
            .fetch_optional(&self.readers)
            .await?
            .map(|row| Columns(&row).get("after_seq"))
            .transpose()
    }

    /// Returns the number of a session's newest event.
    pub async fn last_seq(&self, session: SessionId) -> Result<Seq> {
        let row = query("SELECT last_seq FROM sessions WHERE id = $1")
            .bind(session.0)
            .fetch_optional(&self.readers)
            .await?
            .ok_or(StoreError::NotFound)?;
        Columns(&row).get("last_seq")
    }
}

fn frame(row: &Row) -> Result<Frame> {
    let row = Columns(row);
    Ok(Frame {
        seq: row.get("seq")?,
        data: row.get("body")?,
        request_id: row.id_or_none("request_id", TurnId)?,
        ends_turn: row.get("ends_turn")?,
        at: row.time("created_at")?,
    })
}

/// The end of a session's log inside a transaction: gives out numbers, and writes the events and the newest number together.
pub(crate) struct Log {
    session: SessionId,
    last_seq: Seq,
    pumped_n: i64,
    is_activity: bool,
    rows: Vec<NewEvent>,
}

struct NewEvent {
    seq: Seq,
    n: Option<i64>,
    turn: Option<TurnId>,
    subsession: Option<SubsessionId>,
    ends_turn: bool,
    body: String,
    at: Timestamp,
}

impl Log {
    /// Takes the session's row: until the transaction ends, nobody else numbers its events or ends its turns.
    pub(crate) async fn open(connection: &mut Connection, session: SessionId) -> Result<Self> {
        let row = query(
            "UPDATE sessions SET last_seq = last_seq WHERE id = $1 RETURNING last_seq, pumped_n",
        )
        .bind(session.0)
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::NotFound)?;
        Self::taken(session, &row)
    }

    /// The log of a session whose row was changed just now; the change returned `last_seq` and `pumped_n`.
    pub(crate) fn taken(session: SessionId, row: &Row) -> Result<Self> {
        let row = Columns(row);
        Ok(Self {
            session,
            last_seq: row.get("last_seq")?,
            pumped_n: row.get("pumped_n")?,
            is_activity: false,
            rows: Vec::new(),
        })
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    pub(crate) fn pumped_n(&self) -> i64 {
        self.pumped_n
    }

    /// Takes over one more record of the harness's journal.
    pub(crate) fn pump(&mut self, n: i64) {
        self.pumped_n = n;
    }

    /// What is told is a use of the session: from here on it counts as idle.
    pub(crate) fn note_activity(&mut self) {
        self.is_activity = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn push(
        &mut self,
        body: EventBody,
        turn: Option<TurnId>,
        subsession: Option<SubsessionId>,
        n: Option<i64>,
        at: Timestamp,
    ) -> Result<()> {
        let seq = self.last_seq + 1;
        let ends_turn = body.ends_turn();
        let event = Event {
            seq,
            body,
            request_id: turn,
            subsession_id: subsession,
        };
        self.rows.push(NewEvent {
            seq,
            n,
            turn,
            subsession,
            ends_turn,
            body: json(&event)?,
            at,
        });
        self.last_seq = seq;
        Ok(())
    }

    /// Writes all that was pushed, and returns the newest number.
    pub(crate) async fn write(self, connection: &mut Connection) -> Result<Seq> {
        query(
            "UPDATE sessions SET last_seq = $2, pumped_n = $3, last_activity_at = coalesce($4, last_activity_at)
             WHERE id = $1",
        )
        .bind(self.session.0)
        .bind(self.last_seq)
        .bind(self.pumped_n)
        .bind(self.is_activity.then(|| Timestamp::now().as_micros()))
        .execute(&mut *connection)
        .await?;
        let (runs, rest) = self.rows.as_chunks::<RUN>();
        for run in runs {
            let mut query = query(INSERT_RUN.as_str());
            for event in run {
                query = event.bind(query, self.session);
            }
            query.execute(&mut *connection).await?;
        }
        for event in rest {
            event
                .bind(query(INSERT_ONE.as_str()), self.session)
                .execute(&mut *connection)
                .await?;
        }
        let written = Logged {
            session: self.session,
            events: self.rows,
        };
        // A method that nobody gathers for loses nothing by it: the database has the events.
        let _ = LOGGED.try_with(|logged| logged.borrow_mut().push(written));
        Ok(self.last_seq)
    }
}

tokio::task_local! {
    /// What the method that runs now wrote to logs: it is published when the method is committed, and no method has to carry it there.
    static LOGGED: RefCell<Vec<Logged>>;
}

/// Events that one method wrote to one log.
pub(crate) struct Logged {
    session: SessionId,
    events: Vec<NewEvent>,
}

/// Runs a method, and gathers what it writes to logs.
pub(crate) async fn gathering<T>(
    method: impl Future<Output = Result<Written<T>>>,
) -> Result<Written<T>> {
    LOGGED
        .scope(RefCell::default(), async {
            let written = method.await?;
            Ok(written.logging(LOGGED.with(RefCell::take)))
        })
        .await
}

impl Logged {
    /// Gives the events to those who follow the session, and returns whether it has all of each; it is committed by now.
    pub(crate) fn publish(&self, wakes: &Wakes) -> bool {
        // An answer whose output lies in the blobs is made whole by who reads it.
        let is_cut = |event: &NewEvent| event.ends_turn && event.body.contains(LEFT_OUT);
        if self.events.iter().any(is_cut) {
            return false;
        }
        wakes.publish(self.session, || {
            Frames::of(self.events.iter().map(|event| Told {
                seq: event.seq,
                turn: event.turn,
                ends_turn: event.ends_turn,
                data: &event.body,
            }))
        });
        true
    }
}

impl NewEvent {
    fn bind(&self, query: Query, session: SessionId) -> Query {
        query
            .bind(session.0)
            .bind(self.seq)
            .bind(self.n)
            .bind(self.turn.map(|turn| turn.0))
            .bind(self.subsession.map(|subsession| subsession.0))
            .bind(self.ends_turn)
            .bind(self.body.clone())
            .bind(self.at.as_micros())
    }
}

/// How many events one statement inserts when there are many: a statement costs a trip to the database's thread.
const RUN: usize = 32;
const COLUMNS: usize = 8;
static INSERT_ONE: LazyLock<String> = LazyLock::new(|| insert(1));
static INSERT_RUN: LazyLock<String> = LazyLock::new(|| insert(RUN));

fn insert(rows: usize) -> String {
    let mut sql = "INSERT INTO events (session_id, seq, n, request_id, subsession_id, ends_turn, body, created_at) VALUES ".to_owned();
    for row in 0..rows {
        let places: Vec<String> = (1..=COLUMNS)
            .map(|column| format!("${}", row * COLUMNS + column))
            .collect();
        sql += if row == 0 { "(" } else { ", (" };
        sql += &places.join(", ");
        sql += ")";
    }
    sql
}
