//! Following a session's events: one cursor for what was, what comes and what was missed.

use vwm_api::{Seq, SessionId, TurnId};

use crate::events::Frame;
use crate::wake::Following;
use crate::window::{Frames, Taken, Told};
use crate::{Result, Store};

/// The most that is given at once, unless one frame alone is longer.
const PIECE: usize = 32 << 10;

/// A cursor over a session's events. The promise: each event after it comes once and in order, and what is no longer kept is told.
pub struct Follow {
    store: Store,
    session: SessionId,
    after: Seq,
    following: Following,
}

/// What follows a cursor.
#[derive(Debug)]
pub enum Followed {
    /// Events.
    Frames(Vec<Frames>),
    /// Events that are no longer kept.
    Gap {
        /// The first.
        from: Seq,
        /// The last.
        to: Seq,
    },
    /// Nothing just now.
    Nothing,
}

impl Store {
    /// Follows a session's events after a number. As long as somebody does, the newest are kept at hand for all who do.
    #[must_use]
    pub fn follow(&self, session: SessionId, after: Seq) -> Follow {
        Follow {
            store: self.clone(),
            session,
            after,
            following: self.following(session),
        }
    }

    /// Returns some events of one turn after a number, from the database alone, and before them which ones may be lost; neither when
    /// there are no more.
    pub async fn turn_frames_after(
        &self,
        session: SessionId,
        turn: TurnId,
        after: Seq,
    ) -> Result<(Option<(Seq, Seq)>, Option<Frames>)> {
        let (frames, _) = self.some_events_after(session, after, Some(turn)).await?;
        // Looked at behind the events: whatever was deleted before they were read is counted.
        let kept = self.log_extent(session).await?.map_or(0, |log| log.first);
        let next = frames.first().map_or(kept, |frame| frame.seq.min(kept));
        let lost = (next > after + 1).then_some((after + 1, next - 1));
        Ok((lost, serialized(&frames)))
    }
}

impl Follow {
    /// Returns what follows the cursor, and moves it on. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Followed> {
        match self.following.take(self.after, PIECE) {
            Taken::Frames(frames) => Ok(self.moved_by(frames)),
            Taken::Nothing => Ok(Followed::Nothing),
            Taken::Behind => self.ask_alone().await,
            Taken::Unknown => self.ask_for_all().await,
        }
    }

    /// Likewise, by the database alone: for who knows that it has more than is at hand.
    pub async fn next_stored(&mut self) -> Result<Followed> {
        self.ask_alone().await
    }

    /// Returns when there may be more. Dropping the future loses nothing.
    pub async fn changed(&mut self) {
        self.following.changed().await;
    }

    /// Asks the database for what nobody has yet, unless somebody else just did.
    async fn ask_for_all(&mut self) -> Result<Followed> {
        let (alone, version) = self.following.alone().await;
        match self.following.take(self.after, PIECE) {
            Taken::Frames(frames) => {
                drop(alone);
                Ok(self.moved_by(frames))
            }
            Taken::Nothing => Ok(Followed::Nothing),
            Taken::Behind => {
                drop(alone);
                self.ask_alone().await
            }
            Taken::Unknown => {
                let read = self.read().await?;
                let after = read.lost.map_or(self.after, |(_, to)| to);
                let all = read.is_all.then_some(version);
                self.following.share(after, read.frames.clone(), all);
                drop(alone);
                Ok(self.moved_over(read))
            }
        }
    }

    /// Asks the database for what only this cursor wants.
    async fn ask_alone(&mut self) -> Result<Followed> {
        let read = self.read().await?;
        Ok(self.moved_over(read))
    }

    async fn read(&self) -> Result<Read> {
        let (store, session) = (&self.store, self.session);
        let (events, is_all) = store.some_events_after(session, self.after, None).await?;
        let next = match events.first() {
            Some(event) => event.seq,
            None => store.log_extent(session).await?.map_or(0, |log| log.first),
        };
        let expected = self.after + 1;
        Ok(Read {
            lost: (next > expected).then_some((expected, next - 1)),
            frames: serialized(&events),
            is_all,
        })
    }

    fn moved_over(&mut self, read: Read) -> Followed {
        match (read.lost, read.frames) {
            // The frames behind it are read again, or shared by now.
            (Some((from, to)), _) => {
                self.after = to;
                Followed::Gap { from, to }
            }
            (None, Some(frames)) => self.moved_by(vec![frames]),
            (None, None) => Followed::Nothing,
        }
    }

    fn moved_by(&mut self, frames: Vec<Frames>) -> Followed {
        self.after = frames.last().map_or(self.after, Frames::last);
        Followed::Frames(frames)
    }
}

/// What the database had after a cursor.
struct Read {
    /// What it does not keep any more, directly behind the cursor.
    lost: Option<(Seq, Seq)>,
    frames: Option<Frames>,
    is_all: bool,
}

fn serialized(events: &[Frame]) -> Option<Frames> {
    Frames::of(events.iter().map(|event| Told {
        seq: event.seq,
        turn: event.request_id,
        ends_turn: event.ends_turn,
        data: &event.data,
    }))
}
