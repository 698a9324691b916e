//! What was said while the journal could not be written: it waits in its order, and not without end.

use std::collections::VecDeque;
use std::io;

use vwm_api::harness::Record;

/// How much may wait, in bytes of the journal.
const ROOM: usize = 4 << 20;

/// The records that wait; they get their numbers when they are written.
#[derive(Default)]
pub(super) struct Backlog {
    waiting: VecDeque<(Record, usize)>,
    bytes: usize,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a record, if there is room.
    pub(super) fn push(&mut self, record: Record) -> io::Result<()> {
        let bytes = serde_json::to_vec(&record)?.len();
        if self.bytes + bytes > ROOM {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the journal cannot be written, and no more can wait for it",
            ));
        }
        self.bytes += bytes;
        self.waiting.push_back((record, bytes));
        Ok(())
    }

    /// Gives the first one, and its size.
    pub(super) fn pop(&mut self) -> Option<(Record, usize)> {
        let (record, bytes) = self.waiting.pop_front()?;
        self.bytes -= bytes;
        Some((record, bytes))
    }

    /// Takes the first one back.
    pub(super) fn put_back(&mut self, (record, bytes): (Record, usize)) {
        self.bytes += bytes;
        self.waiting.push_front((record, bytes));
    }
}
