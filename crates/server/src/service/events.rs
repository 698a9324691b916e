//! Events: one loop for what was, what comes and what was missed. Follow the store from a cursor, sleep until woken, go on.

use std::sync::Arc;

use bytes::Bytes;
use vwm_api::{Seq, SessionId, SessionStatus, TurnId};
use vwm_store::{Follow, Followed, Frames, LogExtent, Turn};

use super::{outage, turns};
use crate::app::App;
use crate::error::{Error, Resource};
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
    let log = extent(app, session).await?;
    let after = cursor(log, last_event_id, query)?;
    let source = Source::Live(Live {
        follow: app.store.follow(session, after),
        turn: None,
        // One that goes on tells its end as an event.
        may_be_over: log.status == SessionStatus::Ended,
        is_over: false,
        is_told: false,
    });
    Ok(EventReader::new(app, session, source))
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
    let after = cursor(extent(app, session).await?, last_event_id, query)?;
    EventReader::of_turn_after(app, &turn, after).await
}

async fn extent(app: &App, session: SessionId) -> Result<LogExtent, Error> {
    let log = app.store.log_extent(session).await?;
    log.ok_or(Error::NotFound(Resource::Session))
}

/// The event after which a client wants to go on; 0 for the first.
fn cursor(log: LogExtent, last_event_id: Option<Seq>, mut query: Input) -> Result<Seq, Error> {
    let after = query.text("after").and_then(|text| {
        let message = "give the id of the last event that you have";
        let seq = text.parse::<Seq>().ok();
        seq.or_else(|| query.fault("after", "invalid_string", message))
    });
    query.close()?;
    let newest = log.last;
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
    session: SessionId,
    source: Source,
}

enum Source {
    Live(Live),
    Past(Past),
}

impl EventReader {
    /// Reads a turn from its first event.
    pub(crate) async fn of_turn(app: &Arc<App>, turn: &Turn) -> Result<Self, Error> {
        Self::of_turn_after(app, turn, 0).await
    }

    async fn of_turn_after(app: &Arc<App>, turn: &Turn, after: Seq) -> Result<Self, Error> {
        let begins = app.store.turn_begins_after(turn.id).await?;
        // What was there before the turn need not be looked at, nor missed.
        let after = after.max(begins.unwrap_or(0));
        let source = if turn.status.is_over() {
            let turn = turn.id;
            Source::Past(Past { turn, after })
        } else {
            Source::Live(Live {
                follow: app.store.follow(turn.session, after),
                turn: Some(turn.id),
                // Before the cursor, since its row was read.
                may_be_over: true,
                is_over: false,
                is_told: false,
            })
        };
        Ok(Self::new(app, turn.session, source))
    }

    fn new(app: &Arc<App>, session: SessionId, source: Source) -> Self {
        Self {
            app: Arc::clone(app),
            session,
            source,
        }
    }

    /// The session.
    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    /// Returns the next frames as soon as there are some; none when the turn or the session is over, or the server stops.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Bytes>>, Error> {
        loop {
            let next = match &mut self.source {
                Source::Live(live) => live.next(&self.app, self.session).await,
                Source::Past(past) => past.next(&self.app, self.session).await,
            };
            let Err(failure) = next else {
                return next;
            };
            // It was not the stream's fault, and it goes on.
            outage::wait(&self.app, failure).await?;
        }
    }
}

/// What goes on, or went on when it was asked for: all that the session tells, and of a turn only what is its own.
struct Live {
    follow: Follow,
    turn: Option<TurnId>,
    /// Whether the end may have come since it was looked for.
    may_be_over: bool,
    /// No event will be added to what is stored.
    is_over: bool,
    /// The turn's last event was given.
    is_told: bool,
}

impl Live {
    async fn next(&mut self, app: &App, session: SessionId) -> Result<Option<Vec<Bytes>>, Error> {
        while !self.is_told {
            let followed = match self.follow.next().await? {
                // The end may be stored and not at hand yet.
                Followed::Nothing if self.is_over => self.follow.next_stored().await?,
                followed => followed,
            };
            match followed {
                Followed::Frames(frames) => {
                    let pieces = self.heard(&frames);
                    if !pieces.is_empty() {
                        return Ok(Some(pieces));
                    }
                }
                Followed::Gap { from, to } => {
                    self.may_be_over = true;
                    return Ok(Some(vec![vwm_store::gap(from, to)?]));
                }
                Followed::Nothing if self.is_over => return Ok(None),
                Followed::Nothing if self.may_be_over => {
                    self.is_over = self.look_for_the_end(app, session).await?;
                    self.may_be_over = false;
                }
                Followed::Nothing => tokio::select! {
                    () = self.follow.changed() => {}
                    () = app.stop.cancelled() => return Ok(None),
                },
            }
        }
        Ok(None)
    }

    fn heard(&mut self, frames: &[Frames]) -> Vec<Bytes> {
        match self.turn {
            Some(turn) => {
                self.is_told = frames.iter().any(|frames| frames.has_end_of(turn));
                frames.iter().flat_map(|it| it.of_turn(turn)).collect()
            }
            None => {
                // The last event of a session belongs to no turn.
                self.may_be_over |= frames.iter().any(Frames::has_sessions_own);
                frames.iter().map(Frames::bytes).collect()
            }
        }
    }

    async fn look_for_the_end(&self, app: &App, session: SessionId) -> Result<bool, Error> {
        let Some(turn) = self.turn else {
            return Ok(extent(app, session).await?.status == SessionStatus::Ended);
        };
        let turn = app.store.turn(turn).await?;
        Ok(turn.is_none_or(|turn| turn.status.is_over()))
    }
}

/// A turn that was over when it was asked for: the session's other events need not be read.
struct Past {
    turn: TurnId,
    after: Seq,
}

impl Past {
    async fn next(&mut self, app: &App, session: SessionId) -> Result<Option<Vec<Bytes>>, Error> {
        let store = &app.store;
        let read = store.turn_frames_after(session, self.turn, self.after);
        let (lost, frames) = read.await?;
        let mut pieces = Vec::new();
        if let Some((from, to)) = lost {
            pieces.push(vwm_store::gap(from, to)?);
            self.after = to;
        }
        if let Some(frames) = frames {
            pieces.push(frames.bytes());
            self.after = frames.last();
        }
        Ok((!pieces.is_empty()).then_some(pieces))
    }
}
