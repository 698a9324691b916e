//! The journal: what the harness says, numbered by n over all generations of a volume. Only it ends a turn.

mod file;
mod ledger;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use vwm_api::harness::{Entry, Happened, Outcome, Record};
use vwm_api::{AgentEvent, Timestamp, TurnError, TurnId};

use file::JournalFile;
pub(crate) use ledger::{Ledger, TurnState};

/// How much of it is read in one go.
const PORTION: usize = 1 << 20;

/// The journal of one volume, as one generation writes it.
pub(crate) struct Journal {
    generation: i64,
    inner: Mutex<Inner>,
    newest: watch::Sender<i64>,
}

struct Inner {
    file: JournalFile,
    ledger: Ledger,
}

impl Journal {
    /// Opens the journal of a volume, cuts off a torn last record, and reads what the older generations said. Whatever the store
    /// has beyond the file was lost with the machine's power: those numbers are never given again.
    pub(crate) fn open(path: &Path, generation: i64, stored_n: i64) -> io::Result<Self> {
        let mut ledger = Ledger::default();
        let file = JournalFile::open(path, |record| ledger.learn(&record.entry))?;
        let newest = watch::Sender::new(file.last_n());
        let inner = Mutex::new(Inner { file, ledger });
        let journal = Self {
            generation,
            inner,
            newest,
        };
        journal.count_on_behind(stored_n)?;
        Ok(journal)
    }

    fn count_on_behind(&self, stored_n: i64) -> io::Result<()> {
        let last_n = self.last_n();
        if last_n < stored_n {
            tracing::warn!(
                last_n,
                stored_n,
                "Journal ends before what the server has stored of it; it counts on behind that"
            );
        }
        for n in last_n + 1..=stored_n {
            let message =
                "this record was lost with the machine's power; the server has what it said";
            let event = Happened::Agent(AgentEvent::notice("record_lost", message));
            let entry = Entry::Event {
                turn: None,
                subsession: None,
                event,
            };
            self.write(entry, n == stored_n)?;
        }
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a record; it survives the death of every process, and with `append_synced` a loss of power.
    pub(crate) fn append(&self, entry: Entry) -> io::Result<i64> {
        self.write(entry, false)
    }

    /// Appends a record and waits until the disk has it.
    pub(crate) async fn append_synced(self: &Arc<Self>, entry: Entry) -> io::Result<i64> {
        let journal = Arc::clone(self);
        tokio::task::spawn_blocking(move || journal.write(entry, true))
            .await
            .map_err(io::Error::other)?
    }

    fn write(&self, entry: Entry, sync: bool) -> io::Result<i64> {
        let mut inner = self.inner();
        let n = inner.file.last_n() + 1;
        let record = Record {
            n,
            at: Timestamp::now(),
            generation: self.generation,
            entry,
        };
        inner.file.append(&record, sync)?;
        inner.ledger.learn(&record.entry);
        drop(inner);
        // Only ever raised: two writers may come here in the other order.
        self.newest.send_if_modified(|newest| {
            let raised = n > *newest;
            *newest = n.max(*newest);
            raised
        });
        Ok(n)
    }

    /// Ends a turn unless it is over already; says whether it did.
    pub(crate) async fn end_turn(
        self: &Arc<Self>,
        turn: TurnId,
        outcome: Outcome,
    ) -> io::Result<bool> {
        if self.with_ledger(|ledger| ledger.turn(turn).is_some_and(TurnState::is_over)) {
            return Ok(false);
        }
        let error = outcome.error.as_ref();
        debug_assert!(error.is_none_or(TurnError::is_listed), "{error:?}");
        let outcome = Box::new(outcome);
        self.append_synced(Entry::Ended { turn, outcome })
            .await
            .map(|_| true)
    }

    /// Looks at what is known of turns and conversations.
    pub(crate) fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.inner().ledger)
    }

    /// The newest record's number; 0 when there is none.
    #[must_use]
    pub(crate) fn last_n(&self) -> i64 {
        *self.newest.borrow()
    }

    /// Tells when there is more.
    #[must_use]
    pub(crate) fn watch(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// The records after n, at most about `bytes` of them, each as the line of JSON that it is on disk.
    pub(crate) fn read_after(&self, n: i64, bytes: usize) -> io::Result<Vec<(i64, String)>> {
        self.inner().file.read_after(n, bytes)
    }

    /// Shows every record, in order. Few are in memory at a time: what an engine says may be longer than that is large.
    pub(crate) fn each(&self, mut show: impl FnMut(Record) -> io::Result<()>) -> io::Result<()> {
        let mut from = 0;
        loop {
            let lines = self.read_after(from, PORTION)?;
            let Some((last, _)) = lines.last() else {
                return Ok(());
            };
            from = *last;
            for (_, line) in lines {
                show(serde_json::from_str(&line)?)?;
            }
        }
    }

    /// Every record.
    #[cfg(test)]
    pub(crate) fn all(&self) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        self.each(|record| {
            records.push(record);
            Ok(())
        })?;
        Ok(records)
    }
}

#[cfg(test)]
mod tests;
