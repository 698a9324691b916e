//! The pump: what a harness's journal tells, stored once and in its order.

use std::collections::HashMap;

use vwm_api::harness::{Entry, Happened, Outcome, Record};
use vwm_api::{AgentEvent, NativeId, SessionId, SubsessionId, Timestamp, TurnId};

use crate::db::{Connection, query};
use crate::events::Log;
use crate::native_ids::{self, NewNativeId};
use crate::turns::answer;
use crate::turns::end::{self, TurnState};
use crate::turns::raw::RawBlob;
use crate::wake::News;
use crate::writer::Written;
use crate::{Result, Store, StoreError};

impl Store {
    /// Stores records, and returns the newest that is stored. Those that are stored already are passed over; the others must
    /// follow without a hole.
    pub async fn store_records(&self, session: SessionId, mut records: Vec<Record>) -> Result<i64> {
        let mut raws = HashMap::new();
        for record in &mut records {
            if let Entry::Ended { outcome, .. } = &mut record.entry
                && let Some(raw) = self.move_raw(&mut outcome.raw).await?
            {
                raws.insert(record.n, raw);
            }
        }
        self.write(move |connection| {
            Box::pin(async move {
                let log = Log::open(connection, session).await?;
                let mut pump = Pump {
                    connection,
                    log,
                    turns: HashMap::new(),
                    raws,
                    has_run: false,
                    has_ended: false,
                };
                for record in records {
                    pump.store(record).await?;
                }
                pump.finish().await
            })
        })
        .await
    }
}

/// One batch on its way into the store.
struct Pump<'c> {
    connection: &'c mut Connection,
    log: Log,
    /// The turns that the batch named so far; none for one that the session does not have.
    turns: HashMap<TurnId, Option<TurnState>>,
    /// Where raw output is that was too long for a row, by its record.
    raws: HashMap<i64, RawBlob>,
    /// Whether a turn began to run, which is to be shown.
    has_run: bool,
    /// Whether a turn ended, so that there is something to do next.
    has_ended: bool,
}

impl Pump<'_> {
    async fn store(&mut self, record: Record) -> Result<()> {
        let expected = self.log.pumped_n() + 1;
        if record.n < expected {
            return Ok(());
        }
        if record.n > expected {
            return Err(StoreError::Gap {
                expected,
                got: record.n,
            });
        }
        self.log.pump(record.n);
        let (n, at) = (record.n, record.at);
        match record.entry {
            Entry::Accepted { order } => self.accepted(order.turn, n, at).await,
            Entry::Sent { turn } => self.sent(turn, n, at).await,
            Entry::Event {
                turn,
                subsession,
                event: Happened::Agent(event),
            } => self.said(turn, subsession, event, n, at).await,
            Entry::Event {
                turn,
                subsession,
                event: Happened::Native(native),
            } => {
                self.named(turn, subsession, native, record.generation, n, at)
                    .await
            }
            Entry::Ended { turn, outcome } => self.ended(turn, *outcome, n, at).await,
        }
    }

    async fn accepted(&mut self, id: TurnId, n: i64, at: Timestamp) -> Result<()> {
        if self.turn(id, n).await?.is_none() {
            return Ok(());
        }
        let changed = query(
            "UPDATE requests SET status = 'running', offered = TRUE, started_at = $2 WHERE id = $1 AND status = 'pending'",
        )
        .bind(id.0)
        .bind(at.as_micros())
        .execute(&mut *self.connection)
        .await?
        .rows_affected();
        if changed == 1 {
            self.has_run = true;
            self.turns.remove(&id);
        }
        Ok(())
    }

    async fn sent(&mut self, id: TurnId, n: i64, at: Timestamp) -> Result<()> {
        if self.turn(id, n).await?.is_some() {
            query("UPDATE requests SET sent_at = $2 WHERE id = $1 AND sent_at IS NULL")
                .bind(id.0)
                .bind(at.as_micros())
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    async fn said(
        &mut self,
        turn: Option<TurnId>,
        subsession: Option<SubsessionId>,
        event: AgentEvent,
        n: i64,
        at: Timestamp,
    ) -> Result<()> {
        if let Some(id) = turn {
            let Some(known) = self.turn(id, n).await? else {
                return Ok(());
            };
            if known.status.is_over() {
                // Its last event is told already, and stays the last.
                tracing::warn!(session.id = %self.log.session(), turn.id = %id, n, "Record {n} says more of turn {id}, which is over");
                return Ok(());
            }
        }
        self.log.push(event.into(), turn, subsession, Some(n), at)
    }

    async fn named(
        &mut self,
        turn: Option<TurnId>,
        subsession: Option<SubsessionId>,
        native: NativeId,
        generation: i64,
        n: i64,
        at: Timestamp,
    ) -> Result<()> {
        let of_turn = match turn {
            Some(id) => self.turn(id, n).await?.map(|turn| turn.subsession),
            None => None,
        };
        let session = self.log.session();
        let Some(subsession) = subsession.or(of_turn) else {
            tracing::warn!(session.id = %session, n, "Record {n} names no conversation for a native id");
            return Ok(());
        };
        let new = NewNativeId {
            session,
            n,
            subsession,
            native: &native,
            generation,
            at,
        };
        native_ids::append(self.connection, &new).await
    }

    async fn ended(&mut self, id: TurnId, outcome: Outcome, n: i64, at: Timestamp) -> Result<()> {
        let Some(known) = self.turn(id, n).await? else {
            return Ok(());
        };
        let answer = answer::from_journal(known, outcome);
        let raw = self.raws.remove(&n);
        if end::write(self.connection, &mut self.log, answer, raw, Some(n), at).await? {
            self.has_ended = true;
            self.turns.remove(&id);
        }
        Ok(())
    }

    /// Looks a turn up, once in a batch unless it moves.
    async fn turn(&mut self, id: TurnId, n: i64) -> Result<Option<&TurnState>> {
        let session = self.log.session();
        if !self.turns.contains_key(&id) {
            let found = TurnState::find(self.connection, session, id).await?;
            self.turns.insert(id, found);
        }
        let turn = self.turns.get(&id).and_then(Option::as_ref);
        if turn.is_none() {
            tracing::warn!(session.id = %session, turn.id = %id, n, "Record {n} tells of turn {id}, which the session does not have");
        }
        Ok(turn)
    }

    async fn finish(self) -> Result<Written<i64>> {
        let (session, pumped_n) = (self.log.session(), self.log.pumped_n());
        let news = if self.has_ended {
            News::Work(session)
        } else if self.has_run || !self.log.is_empty() {
            News::Shown(session)
        } else {
            News::Nothing
        };
        self.log.write(self.connection).await?;
        Ok(Written::with(news, pumped_n))
    }
}
