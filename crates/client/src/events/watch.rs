//! One who watches, over as many connections as it takes.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::time::Instant;
use vwm_api::{Prompt, Seq, SessionId, SessionStatus, TurnId};

use super::{WatchStream, Watched};
use crate::ask::Ask;
use crate::backoff::Backoff;
use crate::client::{Client, Keyed};
use crate::error::ClientError;
use crate::sse::{self, Frame};

/// A server sends a comment every 10 s.
const SILENCE: Duration = Duration::from_secs(35);
/// How long a server may be away in the middle of a stream.
const PATIENCE: Duration = Duration::from_secs(300);
/// A connection that lived so long was a good one.
const GOOD: Duration = Duration::from_secs(5);

/// Where the frames come from.
pub(super) enum Source {
    /// `GET /sessions/:id/events`.
    Session,
    /// `POST /sessions/:id/stream`. Until the turn has a name the prompt is asked again with its key, which runs it once;
    /// from then on it is a turn's events.
    Prompt { prompt: Box<Prompt>, key: String },
    /// `GET /sessions/:id/requests/:requestId/events`.
    Turn(TurnId),
}

pub(super) struct Watch {
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
    /// Whether nothing more could come when this connection was asked for.
    was_over: bool,
    /// Whether the last word was said.
    is_done: bool,
}

/// What the next frame means.
enum Next {
    Tell(Watched),
    /// The last one.
    TellLast(Watched),
    Nothing,
}

impl Watch {
    pub(super) fn new(client: &Client, session: SessionId, after: Seq, source: Source) -> Self {
        Self {
            client: client.clone(),
            session,
            after,
            source,
            frames: None,
            was_open: client.is_patient(),
            told: false,
            backoff: Backoff::new(PATIENCE),
            was_over: false,
            is_done: false,
        }
    }

    pub(super) fn run(self) -> WatchStream {
        stream::unfold(self, |mut watch| async move {
            if watch.is_done {
                return None;
            }
            match watch.next().await {
                Ok(Some(watched)) => Some((Ok(watched), watch)),
                Ok(None) => None,
                Err(error) => {
                    watch.is_done = true;
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
                        self.is_done = true;
                        return Ok(Some(watched));
                    }
                    Next::Nothing => continue,
                },
                Some(Err(error)) => error,
                None if self.was_over => return Ok(None),
                None if is_over(&self.client, self.session, &self.source).await? => {
                    // What came between the last frame and the end is still to be read: it is asked for once more.
                    self.was_over = true;
                    self.frames = None;
                    continue;
                }
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
        if self.backoff.wait(error.retry_after()).await {
            Ok(None)
        } else {
            Err(error)
        }
    }

    async fn open(&mut self) -> Result<(), ClientError> {
        let ask = self.ask()?.within(SILENCE);
        let response = self.client.head(&ask).await?;
        let to = self.client.url().to_owned();
        let bytes = response.bytes_stream();
        self.frames = Some((sse::frames(bytes, to, SILENCE), Instant::now()));
        self.was_open = true;
        Ok(())
    }

    fn ask(&self) -> Result<Ask, ClientError> {
        let session = self.session.to_string();
        let mut url = match &self.source {
            Source::Prompt { prompt, key } => {
                let url = self.client.at(&["sessions", &session, "stream"]);
                let client = self.client.idempotent(key);
                return client.post(url, prompt, Keyed::Yes);
            }
            Source::Session => self.client.at(&["sessions", &session, "events"]),
            Source::Turn(turn) => {
                let turn = turn.to_string();
                self.client
                    .at(&["sessions", &session, "requests", &turn, "events"])
            }
        };
        url.query_pairs_mut()
            .append_pair("after", &self.after.to_string());
        Ok(self.client.get(url))
    }

    fn take(&mut self, frame: &Frame) -> Result<Next, ClientError> {
        self.backoff.reset();
        let Some(event) = super::read(frame).map_err(|what| self.client.unexpected(what))? else {
            return Ok(Next::Nothing);
        };
        if event.seq <= self.after {
            return Ok(Next::Nothing);
        }
        self.after = event.seq;
        if let (Source::Prompt { .. }, Some(turn)) = (&self.source, event.request_id) {
            self.source = Source::Turn(turn);
        }
        if event.body.ends_turn() && matches!(self.source, Source::Turn(_)) {
            return Ok(Next::TellLast(Watched::Event(event)));
        }
        Ok(Next::Tell(Watched::Event(event)))
    }

    fn closed(&self) -> ClientError {
        ClientError::Lost {
            to: self.client.url().to_owned(),
            source: "the stream was closed".into(),
        }
    }
}

/// Whether nothing more will come; a server that stops closes its streams, too.
async fn is_over(
    client: &Client,
    session: SessionId,
    source: &Source,
) -> Result<bool, ClientError> {
    let is_over = match source {
        Source::Session => {
            let session = client.session(session).await;
            session.map(|session| session.status == SessionStatus::Ended)
        }
        // It is asked again by its key, and says itself what became of it.
        Source::Prompt { .. } => Ok(false),
        Source::Turn(turn) => {
            let turn = client.request(session, *turn).await;
            turn.map(|turn| turn.status.is_over())
        }
    };
    match is_over {
        Err(error) if error.is_passing() => Ok(false),
        is_over => is_over,
    }
}
