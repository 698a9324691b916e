//! Events: one loop for what was, what comes and what was missed. Read the store after a cursor, sleep until woken, read again.

use std::sync::Arc;

use vwm_api::{Seq, SessionId, SessionStatus, TurnId};
use vwm_store::{Frame, Turn, Watch};

use super::{sessions, turns};
use crate::app::App;
use crate::error::Error;
use crate::input::Input;

/// The most frames that are read at once.
pub(super) const BATCH: u32 = 256;

/// Begins to watch a whole session, after a cursor.
pub(crate) async fn watch(
    app: &Arc<App>,
    session: SessionId,
    last_event_id: Option<Seq>,
    query: Input,
) -> Result<EventReader, Error> {
    sessions::show(app, session).await?;
    let after = cursor(app, session, last_event_id, query).await?;
    Ok(EventReader::new(app, session, None, after))
}

/// Begins to watch one turn of a session, after a cursor.
pub(crate) async fn watch_turn(
    app: &Arc<App>,
    session: SessionId,
    turn: TurnId,
    last_event_id: Option<Seq>,
    query: Input,
) -> Result<EventReader, Error> {
    let turn = turns::find(app, session, turn).await?;
    let after = cursor(app, session, last_event_id, query).await?;
    Ok(EventReader::new(app, session, Some(turn.id), after))
}

/// The event after which a client wants to go on; 0 for the first.
async fn cursor(
    app: &App,
    session: SessionId,
    last_event_id: Option<Seq>,
    mut query: Input,
) -> Result<Seq, Error> {
    let after = query.text("after").and_then(|text| {
        let message = "give the id of the last event that you have";
        let seq = text.parse::<Seq>().ok();
        seq.or_else(|| query.fault("after", "invalid_string", message))
    });
    query.close()?;
    let newest = app.store.last_seq(session).await?;
    for (name, seq) in [("Last-Event-ID", last_event_id), ("after", after)] {
        if let Some(seq) = seq.filter(|seq| !(0..=newest).contains(seq)) {
            let message = format!(
                "the session's events go from 1 to {newest}, and {seq} is none of them; leave it out to begin at the first"
            );
            return Err(Error::fault(name, "out_of_range", message));
        }
    }
    // A client that comes back says by the header where it was; its address still says where it began.
    let after = last_event_id.or(after).unwrap_or(0);
    Ok(after)
}

/// A cursor over the events of a session, or of one turn in it. Dropping the future of `next` loses nothing.
pub(crate) struct EventReader {
    app: Arc<App>,
    news: Watch,
    session: SessionId,
    turn: Option<TurnId>,
    after: Seq,
    /// Whether the end may have come since it was looked for.
    may_be_over: bool,
    /// No event will be added to what is stored.
    is_over: bool,
}

impl EventReader {
    /// Reads a turn from its first event.
    pub(crate) fn of_turn(app: &Arc<App>, turn: &Turn) -> Self {
        Self::new(app, turn.session, Some(turn.id), 0)
    }

    fn new(app: &Arc<App>, session: SessionId, turn: Option<TurnId>, after: Seq) -> Self {
        Self {
            app: Arc::clone(app),
            news: app.store.watch(session),
            session,
            turn,
            after,
            may_be_over: true,
            is_over: false,
        }
    }

    /// The session.
    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    /// Returns the next frames as soon as there are some; none when the turn or the session is over, or the server stops.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Frame>>, Error> {
        loop {
            let store = &self.app.store;
            let frames = store
                .events_after(self.session, self.after, self.turn, BATCH)
                .await?;
            if let Some(last) = frames.last() {
                self.after = last.seq;
                // The server's own events belong to no turn, and the last one of a session is among them.
                self.may_be_over |= frames.iter().any(|frame| match self.turn {
                    Some(_) => frame.ends_turn,
                    None => frame.request_id.is_none(),
                });
                return Ok(Some(frames));
            }
            if self.is_over {
                return Ok(None);
            }
            if self.may_be_over {
                self.is_over = self.look_for_the_end().await?;
                self.may_be_over = false;
                if self.is_over {
                    // What was stored between the last read and the end.
                    continue;
                }
            }
            tokio::select! {
                () = self.news.changed() => {}
                () = self.app.stop.cancelled() => return Ok(None),
            }
        }
    }

    async fn look_for_the_end(&self) -> Result<bool, Error> {
        let Some(turn) = self.turn else {
            let session = sessions::show(&self.app, self.session).await?;
            return Ok(session.status == SessionStatus::Ended);
        };
        let turn = self.app.store.turn(turn).await?;
        Ok(turn.is_none_or(|turn| turn.status.is_over()))
    }
}
