//! Events as they come: streams that come back by themselves where they were cut, with nothing lost and nothing twice.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use serde::Deserialize;
use tokio::time::Instant;
use vwm_api::{Event, Prompt, Seq, SessionId, SessionStatus, TurnId};

use crate::backoff::Backoff;
use crate::client::{Ask, Client, Keyed};
use crate::error::ClientError;
use crate::sse::{self, Frame};

/// A server sends a comment every 10 s.
const SILENCE: Duration = Duration::from_secs(35);
/// How long a server may be away in the middle of a stream.
const PATIENCE: Duration = Duration::from_secs(300);
/// A connection that lived so long was a good one.
const GOOD: Duration = Duration::from_secs(5);

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
        let source = Source::Turn {
            prompt: Box::new(prompt.clone()),
            key: self.new_idempotency_key(),
            turn: None,
        };
        Watch::new(self, session, 0, source).run()
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

/// Where the frames come from.
enum Source {
    /// `GET /sessions/:id/events`.
    Session,
    /// `POST /sessions/:id/stream`. Until the turn has a name the prompt is asked again with its key, which runs it once;
    /// from then on it is read from the session's events.
    Turn {
        prompt: Box<Prompt>,
        key: String,
        turn: Option<TurnId>,
    },
}

struct Watch {
    client: Client,
    session: SessionId,
    after: Seq,
    source: Source,
    frames: Option<(BoxStream<'static, Result<Frame, ClientError>>, Instant)>,
    /// Whether there ever was a connection: one that never was is told at once, unless the client is patient.
    was_open: bool,
    /// Whether the watcher was told that it is lost.
    told: bool,
    backoff: Backoff,
    over: bool,
}

/// What the next frame means.
enum Next {
    Tell(Watched),
    /// The last one.
    TellLast(Watched),
    Nothing,
}

impl Watch {
    fn new(client: &Client, session: SessionId, after: Seq, source: Source) -> Self {
        Self {
            client: client.clone(),
            session,
            after,
            source,
            frames: None,
            was_open: client.is_patient(),
            told: false,
            backoff: Backoff::new(PATIENCE),
            over: false,
        }
    }

    fn run(self) -> WatchStream {
        stream::unfold(self, |mut watch| async move {
            if watch.over {
                return None;
            }
            match watch.next().await {
                Ok(Some(watched)) => Some((Ok(watched), watch)),
                Ok(None) => None,
                Err(error) => {
                    watch.over = true;
                    Some((Err(error), watch))
                }
            }
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Option<Watched>, ClientError> {
        loop {
            let Some((frames, since)) = &mut self.frames else {
                match self.open().await {
                    Ok(()) if std::mem::take(&mut self.told) => return Ok(Some(Watched::Back)),
                    Ok(()) => continue,
                    Err(error) => {
                        if let Some(lost) = self.lost(error).await? {
                            return Ok(Some(lost));
                        }
                        continue;
                    }
                }
            };
            let since = *since;
            let fault = match frames.next().await {
                Some(Ok(frame)) => match self.take(&frame)? {
                    Next::Tell(watched) => return Ok(Some(watched)),
                    Next::TellLast(watched) => {
                        self.over = true;
                        return Ok(Some(watched));
                    }
                    Next::Nothing => continue,
                },
                Some(Err(error)) => error,
                None if has_ended(&self.client, self.session).await => return self.ended(),
                None => self.closed(),
            };
            self.frames = None;
            if since.elapsed() > GOOD {
                self.backoff.reset();
            }
            if let Some(lost) = self.lost(fault).await? {
                return Ok(Some(lost));
            }
        }
    }

    /// Waits before the next try; the watcher is told once per loss, and gets the error when there is no use in trying.
    async fn lost(&mut self, error: ClientError) -> Result<Option<Watched>, ClientError> {
        let at_once = error.is_unreachable() || error.status().is_some();
        if !error.is_passing() || (at_once && !self.was_open) {
            return Err(error);
        }
        if !std::mem::replace(&mut self.told, true) {
            return Ok(Some(Watched::Lost(error)));
        }
        if self.backoff.wait().await {
            Ok(None)
        } else {
            Err(error)
        }
    }

    async fn open(&mut self) -> Result<(), ClientError> {
        let ask = self.ask()?.however_long();
        let response = match tokio::time::timeout(SILENCE, self.client.open(&ask)).await {
            Ok(response) => response?,
            Err(_) => {
                return Err(ClientError::Silent {
                    to: self.client.url().to_owned(),
                    after: SILENCE,
                });
            }
        };
        let to = self.client.url().to_owned();
        let bytes = response.bytes_stream();
        self.frames = Some((sse::frames(bytes, to, SILENCE), Instant::now()));
        self.was_open = true;
        Ok(())
    }

    fn ask(&self) -> Result<Ask, ClientError> {
        let session = self.session.to_string();
        if let Source::Turn {
            prompt,
            key,
            turn: None,
        } = &self.source
        {
            let url = self.client.at(&["sessions", &session, "stream"]);
            let client = self.client.idempotent(key);
            return client.post(url, prompt, Keyed::Yes);
        }
        let mut url = self.client.at(&["sessions", &session, "events"]);
        url.query_pairs_mut()
            .append_pair("after", &self.after.to_string());
        Ok(self.client.get(url))
    }

    fn take(&mut self, frame: &Frame) -> Result<Next, ClientError> {
        self.backoff.reset();
        let Some(event) = read(frame).map_err(|what| self.client.unexpected(what))? else {
            return Ok(Next::Nothing);
        };
        if event.seq <= self.after {
            return Ok(Next::Nothing);
        }
        self.after = event.seq;
        let Source::Turn { turn, .. } = &mut self.source else {
            return Ok(Next::Tell(Watched::Event(event)));
        };
        if turn.is_none() {
            *turn = event.request_id;
        }
        if event.request_id != *turn {
            return Ok(Next::Nothing);
        }
        if event.body.ends_turn() {
            return Ok(Next::TellLast(Watched::Event(event)));
        }
        Ok(Next::Tell(Watched::Event(event)))
    }

    fn ended(&self) -> Result<Option<Watched>, ClientError> {
        match self.source {
            Source::Session => Ok(None),
            Source::Turn { .. } => Err(self
                .client
                .unexpected("the session ended without the end of its turn".to_owned())),
        }
    }

    fn closed(&self) -> ClientError {
        ClientError::Lost {
            to: self.client.url().to_owned(),
            source: "the stream was closed".into(),
        }
    }
}

/// A stream that ends is over only if its session is: a server that stops closes its streams, too.
async fn has_ended(client: &Client, session: SessionId) -> bool {
    let session = client.session(session).await;
    session.is_ok_and(|session| session.status == SessionStatus::Ended)
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
