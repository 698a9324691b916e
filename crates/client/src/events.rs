//! Events as they come: streams that come back by themselves where they were cut, with nothing lost and nothing twice.

mod watch;

use futures_util::stream::{BoxStream, StreamExt};
use serde::Deserialize;
use vwm_api::{Event, Prompt, Seq, SessionId, TurnId};

use crate::client::Client;
use crate::error::ClientError;
use crate::sse::Frame;
use watch::{Source, Watch};

/// Events as they come.
pub type EventStream = BoxStream<'static, Result<Event, ClientError>>;
/// Events as they come, and what the connection does.
pub type WatchStream = BoxStream<'static, Result<Watched, ClientError>>;

/// What one who watches is told.
#[derive(Debug)]
pub enum Watched {
    /// Something happened in the session.
    Event(Event),
    /// The connection is lost; it is tried again, and nothing of the session is lost.
    Lost(ClientError),
    /// It is back.
    Back,
}

impl Client {
    /// The session's events after a seq: what was, then what comes; it ends when the session has ended.
    #[must_use]
    pub fn events(&self, session: SessionId, after: Seq) -> EventStream {
        only_events(self.watch(session, after))
    }

    /// As [`Client::events`], and tells when the connection is lost and back.
    #[must_use]
    pub fn watch(&self, session: SessionId, after: Seq) -> WatchStream {
        Watch::new(self, session, after, Source::Session).run()
    }

    /// Prompts, and gives the turn's events up to its last: `complete` or `error`.
    #[must_use]
    pub fn stream(&self, session: SessionId, prompt: &Prompt) -> EventStream {
        only_events(self.watch_turn(session, prompt))
    }

    /// As [`Client::stream`], and tells when the connection is lost and back.
    #[must_use]
    pub fn watch_turn(&self, session: SessionId, prompt: &Prompt) -> WatchStream {
        let source = Source::Prompt {
            prompt: Box::new(prompt.clone()),
            key: self.new_idempotency_key(),
        };
        Watch::new(self, session, 0, source).run()
    }

    /// The events of a turn that was asked for before, here or elsewhere: those after a seq that were, then what comes, up to its
    /// last. Tells when the connection is lost and back. After its last event it has none.
    #[must_use]
    pub fn watch_request(&self, session: SessionId, turn: TurnId, after: Seq) -> WatchStream {
        Watch::new(self, session, after, Source::Turn(turn)).run()
    }
}

fn only_events(watch: WatchStream) -> EventStream {
    watch
        .filter_map(async |watched| match watched {
            Ok(Watched::Event(event)) => Some(Ok(event)),
            Ok(Watched::Lost(_) | Watched::Back) => None,
            Err(error) => Some(Err(error)),
        })
        .boxed()
}

/// The types of events that this client knows.
const KNOWN: [&str; 11] = [
    "start",
    "text",
    "thinking",
    "tool_call",
    "tool_result",
    "notice",
    "status",
    "gap",
    "raw",
    "complete",
    "error",
];

/// Reads an event; a type that a newer server may know is skipped.
fn read(frame: &Frame) -> Result<Option<Event>, String> {
    #[derive(Deserialize)]
    struct Type {
        r#type: String,
    }
    let mut event: Event = match serde_json::from_str(&frame.data) {
        Ok(event) => event,
        Err(error) => {
            return match serde_json::from_str::<Type>(&frame.data) {
                Ok(unknown) if !KNOWN.contains(&unknown.r#type.as_str()) => Ok(None),
                _ => Err(format!("an event cannot be read: {error}")),
            };
        }
    };
    let id = frame.id.as_deref().unwrap_or_default();
    event.seq = id
        .parse()
        .map_err(|_| format!("an event has the number {id:?}"))?;
    Ok(Some(event))
}
