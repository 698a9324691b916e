//! The journal: what the harness says, numbered by n over all generations of a volume. Only it ends a turn.

mod backlog;
mod file;
mod ledger;
mod medium;
mod repair;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vwm_api::harness::{Entry, Happened, Outcome, Record};
use vwm_api::{AgentEvent, Timestamp, TurnError, TurnId};

use backlog::Backlog;
use file::JournalFile;
pub(crate) use ledger::{Ledger, TurnState};

/// How much of it is read in one go.
const PORTION: usize = 1 << 20;
/// How often what could not be written is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// A trouble that nothing met for so long is over.
const FORGOTTEN: Duration = Duration::from_secs(10);

/// The journal of one volume, as one generation writes it.
pub(crate) struct Journal {
    generation: i64,
    inner: Mutex<Inner>,
    newest: watch::Sender<i64>,
    /// Why it cannot be written just now.
    trouble: watch::Sender<Option<String>>,
    /// Cancelled when nobody waits any more for what cannot be written.
    given_up: CancellationToken,
}

struct Inner {
    file: JournalFile,
    ledger: Ledger,
    backlog: Backlog,
    /// When writing failed last.
    failed: Option<Instant>,
}

impl Journal {
    /// Opens the journal of a volume, cuts off a torn last record, and reads what the older generations said. Whatever the store
    /// has beyond the file was lost with the machine's power: those numbers are never given again.
    pub(crate) fn open(path: &Path, generation: i64, stored_n: i64) -> io::Result<Self> {
        let mut ledger = Ledger::default();
        let file = JournalFile::open(path, generation, |record| ledger.learn(&record.entry))?;
        let journal = Self {
            generation,
            newest: watch::Sender::new(file.last_n()),
            inner: Mutex::new(Inner {
                file,
                ledger,
                backlog: Backlog::default(),
                failed: None,
            }),
            trouble: watch::Sender::new(None),
            given_up: CancellationToken::new(),
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

    /// Appends a record; it survives the death of every process, and with `append_synced` a loss of power. While the disk takes
    /// nothing it waits behind what came before; only where too much waits is it refused.
    pub(crate) fn append(&self, entry: Entry) -> io::Result<()> {
        let mut inner = self.inner();
        let record = self.record(&inner, Timestamp::now(), entry);
        if inner.backlog.is_empty() && self.put(&mut inner, &record, false).is_ok() {
            return Ok(());
        }
        inner.backlog.push(record)?;
        // It is tried again until it is written.
        let _ = self.flush(&mut inner);
        Ok(())
    }

    /// Appends a record and waits until the disk has it. One that fails was never said.
    pub(crate) async fn append_synced(self: &Arc<Self>, entry: Entry) -> io::Result<()> {
        let journal = Arc::clone(self);
        tokio::task::spawn_blocking(move || journal.write(entry, true))
            .await
            .map_err(io::Error::other)?
    }

    /// Appends a record that has to be said, however long the disk takes nothing; fails when the journal is given up.
    pub(crate) async fn append_at_last(self: &Arc<Self>, entry: Entry) -> io::Result<()> {
        loop {
            let Err(error) = self.append_synced(entry.clone()).await else {
                return Ok(());
            };
            tokio::select! {
                biased;
                () = self.given_up.cancelled() => return Err(error),
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    fn write(&self, entry: Entry, sync: bool) -> io::Result<()> {
        let mut inner = self.inner();
        self.flush(&mut inner)?;
        if let Entry::Ended { turn, .. } = &entry
            && inner.ledger.turn(*turn).is_some_and(TurnState::is_over)
        {
            return Ok(());
        }
        let record = self.record(&inner, Timestamp::now(), entry);
        self.put(&mut inner, &record, sync)
    }

    /// Writes what waits.
    fn flush(&self, inner: &mut Inner) -> io::Result<()> {
        while let Some(mut first) = inner.backlog.pop() {
            first.0.n = inner.file.last_n() + 1;
            if let Err(error) = self.put(inner, &first.0, false) {
                inner.backlog.put_back(first);
                return Err(error);
            }
        }
        Ok(())
    }

    fn record(&self, inner: &Inner, at: Timestamp, entry: Entry) -> Record {
        Record {
            n: inner.file.last_n() + 1,
            at,
            generation: self.generation,
            entry,
        }
    }

    fn put(&self, inner: &mut Inner, record: &Record, sync: bool) -> io::Result<()> {
        if let Err(error) = inner.file.append(record, sync) {
            if error.kind() == io::ErrorKind::InvalidData {
                // What was told is not on disk: only a generation that reads it anew knows what is left of it.
                crate::fatal(&error);
            }
            inner.failed = Some(Instant::now());
            self.trouble.send_if_modified(|trouble| {
                let is_new = trouble.is_none();
                *trouble = Some(format!("the session's journal cannot be written ({error}): make room on its disk, or mend it; what is open waits for that"));
                is_new
            });
            return Err(error);
        }
        inner.ledger.learn(&record.entry);
        // Under the lock that gave the number: it only ever grows.
        self.newest.send_replace(record.n);
        if inner.failed.take().is_some() {
            self.trouble.send_replace(None);
        }
        Ok(())
    }

    /// Tries again what could not be written, for as long as the harness lives.
    pub(crate) async fn keep_trying(self: Arc<Self>) {
        let mut trouble = self.trouble.subscribe();
        loop {
            if trouble.wait_for(Option::is_some).await.is_err() {
                return;
            }
            tokio::time::sleep(AGAIN).await;
            let journal = Arc::clone(&self);
            // A panic there is one here.
            let _ = tokio::task::spawn_blocking(move || journal.try_again()).await;
        }
    }

    fn try_again(&self) {
        let mut inner = self.inner();
        let is_settled = self.flush(&mut inner).is_ok() && !inner.file.is_doubtful();
        let is_past = inner
            .failed
            .is_some_and(|failed| failed.elapsed() > FORGOTTEN);
        if is_settled && is_past {
            inner.failed = None;
            self.trouble.send_replace(None);
        }
    }

    /// Why it cannot be written just now.
    pub(crate) fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.subscribe()
    }

    /// Nobody waits any more until what cannot be written is: the next generation settles it.
    pub(crate) fn give_up(&self) {
        self.given_up.cancel();
    }

    /// Ends a turn unless it is over already, however long the disk takes nothing; says whether it did. Without success the
    /// harness ends, and the next generation settles the turn.
    pub(crate) async fn end_turn(self: &Arc<Self>, turn: TurnId, outcome: Outcome) -> bool {
        if self.with_ledger(|ledger| ledger.turn(turn).is_some_and(TurnState::is_over)) {
            return false;
        }
        let error = outcome.error.as_ref();
        debug_assert!(error.is_none_or(TurnError::is_listed), "{error:?}");
        let outcome = Box::new(outcome);
        match self.append_at_last(Entry::Ended { turn, outcome }).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(turn.id = %turn, %error, "Turn's end cannot be journaled: the next job says how it ended");
                false
            }
        }
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
