//! The newest events of a watched session as they go out: serialized once for all who watch, and bounded.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use vwm_api::{Event, EventBody, Seq, TurnId};

use crate::Result;
use crate::codec::json;

/// Events in their order, as the bytes of a stream of server-sent events; clones share them.
#[derive(Debug, Clone)]
pub struct Frames {
    bytes: Bytes,
    marks: Arc<[Mark]>,
    /// Which of the marks are meant; never none.
    range: Range<usize>,
}

/// Where a frame ends, and what has to be known of it without reading it.
#[derive(Debug, Clone, Copy)]
struct Mark {
    seq: Seq,
    turn: Option<TurnId>,
    ends_turn: bool,
    end: usize,
}

/// What goes into a frame.
pub(crate) struct Told<'a> {
    pub(crate) seq: Seq,
    pub(crate) turn: Option<TurnId>,
    pub(crate) ends_turn: bool,
    pub(crate) data: &'a str,
}

impl Frames {
    /// Serializes events; none of none.
    pub(crate) fn of<'a>(events: impl Iterator<Item = Told<'a>>) -> Option<Self> {
        let (mut text, mut marks) = (String::new(), Vec::new());
        for Told {
            seq,
            turn,
            ends_turn,
            data,
        } in events
        {
            write_frame(&mut text, seq, data);
            marks.push(Mark {
                seq,
                turn,
                ends_turn,
                end: text.len(),
            });
        }
        let range = 0..marks.len();
        // A buffer that grew by doubling is half empty, and these are kept.
        text.shrink_to_fit();
        (!marks.is_empty()).then(|| Self {
            bytes: text.into(),
            marks: marks.into(),
            range,
        })
    }

    /// The number of the first one.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.marks[self.range.start].seq
    }

    /// The number of the last one.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.marks[self.range.end - 1].seq
    }

    /// All of them.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.slice(self.range.clone())
    }

    /// Those of one turn.
    #[must_use]
    pub fn of_turn(&self, turn: TurnId) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut at = self.range.start;
        while at < self.range.end {
            let is_of = |place: &usize| self.marks[*place].turn == Some(turn);
            let length = (at..self.range.end).take_while(is_of).count();
            if length > 0 {
                pieces.push(self.slice(at..at + length));
            }
            at += length.max(1);
        }
        pieces
    }

    /// Whether the last event of a turn is among them.
    #[must_use]
    pub fn has_end_of(&self, turn: TurnId) -> bool {
        self.meant()
            .any(|mark| mark.ends_turn && mark.turn == Some(turn))
    }

    /// Whether one is among them that belongs to no turn.
    #[must_use]
    pub fn has_sessions_own(&self) -> bool {
        self.meant().any(|mark| mark.turn.is_none())
    }

    fn meant(&self) -> impl Iterator<Item = &Mark> {
        self.marks[self.range.clone()].iter()
    }

    fn slice(&self, range: Range<usize>) -> Bytes {
        self.bytes
            .slice(self.end_of(range.start)..self.end_of(range.end))
    }

    /// Where so many frames end.
    fn end_of(&self, frames: usize) -> usize {
        frames.checked_sub(1).map_or(0, |last| self.marks[last].end)
    }

    /// Those after a number, as many as fit into `most` bytes and at least one; none when there are none after it.
    fn after(&self, seq: Seq, most: usize) -> Option<Self> {
        let skipped = self.meant().take_while(|mark| mark.seq <= seq).count();
        let start = self.range.start + skipped;
        let begin = self.end_of(start);
        let fit = self.marks[start..self.range.end]
            .iter()
            .take_while(|mark| mark.end - begin <= most)
            .count();
        let range = start..(start + fit.max(1)).min(self.range.end);
        (!range.is_empty()).then(|| Self {
            range,
            ..self.clone()
        })
    }

    fn has_holes(&self) -> bool {
        usize::try_from(self.last() - self.first()).ok() != Some(self.range.len() - 1)
    }

    /// About what they hold in memory.
    fn cost(&self) -> usize {
        const EACH: usize = 160;
        self.bytes.len() + self.marks.len() * size_of::<Mark>() + EACH
    }
}

/// The frame that stands for events which are no longer kept.
pub fn gap(from: Seq, to: Seq) -> Result<Bytes> {
    let event = Event {
        seq: to,
        body: EventBody::Gap { from, to },
        request_id: None,
        subsession_id: None,
    };
    let mut text = String::new();
    write_frame(&mut text, to, &json(&event)?);
    Ok(text.into())
}

fn write_frame(text: &mut String, seq: Seq, data: &str) {
    write!(text, "id: {seq}\ndata: {data}\n\n").expect("a String takes all that is written");
}

/// What a window has for a cursor.
#[derive(Debug)]
pub(crate) enum Taken {
    /// What follows it, without a hole.
    Frames(Vec<Frames>),
    /// There is nothing after it.
    Nothing,
    /// What follows it is older than the window.
    Behind,
    /// The window cannot say: the database is to be asked.
    Unknown,
}

/// The newest frames of one session. The promise: what it gives follows the cursor without a hole, and it says `Nothing` only when all
/// that it was told of is in it.
#[derive(Debug, Default)]
pub(crate) struct Window {
    batches: VecDeque<Frames>,
    /// The number after its newest frame; all before it was seen here.
    next: Seq,
    cost: usize,
    /// Counts what it was told of.
    version: u64,
    /// The count up to which nothing is missing at its end.
    known: Option<u64>,
}

impl Window {
    /// What there is after a number, of about `most` bytes.
    pub(crate) fn take(&self, after: Seq, most: usize) -> Taken {
        let wanted = after + 1;
        if wanted >= self.next {
            let is_known = wanted == self.next && self.known == Some(self.version);
            return if is_known {
                Taken::Nothing
            } else {
                Taken::Unknown
            };
        }
        if self
            .batches
            .front()
            .is_none_or(|batch| wanted < batch.first())
        {
            return Taken::Behind;
        }
        let (mut taken, mut size) = (Vec::new(), 0);
        let begin = self.batches.partition_point(|batch| batch.last() < wanted);
        for batch in self.batches.range(begin..) {
            let Some(frames) = batch.after(after, most.saturating_sub(size)) else {
                break;
            };
            let length = frames.bytes().len();
            if size > 0 && size + length > most {
                break;
            }
            size += length;
            let is_whole = frames.last() == batch.last();
            taken.push(frames);
            if !is_whole {
                break;
            }
        }
        Taken::Frames(taken)
    }

    /// Takes what was just written; `keep` is the most that it may hold.
    pub(crate) fn publish(&mut self, frames: Frames, keep: usize) {
        // What comes late was overtaken: it is in the database.
        if frames.first() >= self.next {
            let follows = frames.first() == self.next;
            self.push(frames, keep);
            if !follows {
                self.known = None;
            }
        }
    }

    /// There is news: of events that were published here, or of what somebody else wrote.
    pub(crate) fn told(&mut self, is_complete: bool) {
        let was_known = self.known == Some(self.version);
        self.version = self.version.wrapping_add(1);
        if was_known && is_complete {
            self.known = Some(self.version);
        }
    }

    /// What it was told of so far: to be taken before the database is asked.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Takes what the database had after a number; with a version it had no more, as far as anybody was told by then.
    pub(crate) fn read(
        &mut self,
        after: Seq,
        frames: Option<Frames>,
        all: Option<u64>,
        keep: usize,
    ) {
        let last = frames.as_ref().map_or(after, Frames::last);
        match frames {
            Some(frames) if !frames.has_holes() && last >= self.next => {
                let new = if frames.first() < self.next {
                    frames.after(self.next - 1, usize::MAX)
                } else {
                    Some(frames)
                };
                if let Some(new) = new {
                    self.push(new, keep);
                }
                self.known = None;
            }
            None if last >= self.next => {
                self.batches.clear();
                (self.cost, self.next, self.known) = (0, last + 1, None);
            }
            Some(_) | None => {}
        }
        if all.is_some() && last + 1 == self.next {
            self.known = self.known.max(all);
        }
    }

    fn push(&mut self, frames: Frames, keep: usize) {
        if frames.first() != self.next {
            self.batches.clear();
            self.cost = 0;
        }
        self.next = frames.last() + 1;
        self.cost += frames.cost();
        self.batches.push_back(frames);
        while self.cost > keep
            && let Some(oldest) = self.batches.pop_front()
        {
            self.cost -= oldest.cost();
        }
    }
}

#[cfg(test)]
mod tests;
