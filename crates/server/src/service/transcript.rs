//! Transcripts: the one that a session's end kept; before that, and where none was kept, one that is made from the session's events.

use std::sync::Arc;

use bytes::Bytes;
use tracing::warn;
use vwm_api::transcript::{Said, Transcript};
use vwm_api::{Event, Seq, Session, SessionId, SessionStatus, Timestamp, TurnId, TurnStatus};
use vwm_store::{BlobReader, Frame, StoreError, Turn};

use super::{events, sessions};
use crate::app::App;
use crate::error::{Error, Resource};

/// Opens the transcript of a session, in any status.
pub(crate) async fn open(app: &Arc<App>, id: SessionId) -> Result<TranscriptReader, Error> {
    let session = sessions::show(app, id).await?;
    let kept = match session.status {
        SessionStatus::Ended => kept(app, id).await?,
        SessionStatus::Pending
        | SessionStatus::Active
        | SessionStatus::Suspended
        | SessionStatus::Ending
        | SessionStatus::Failed => None,
    };
    let source = match kept {
        Some(blob) => Source::Kept(blob),
        None => Source::Made(made(app, &session).await?),
    };
    Ok(TranscriptReader {
        app: Arc::clone(app),
        session: id,
        source,
    })
}

/// Begins to make it from the events, unless it was deleted because of its age, or they were.
async fn made(app: &App, session: &Session) -> Result<Making, Error> {
    let keep = app.config.limits.transcripts_keep;
    let now = Timestamp::now();
    let is_over = session
        .ended_at
        .is_some_and(|ended| is_past(ended, keep, now));
    let log = app.store.log_extent(session.id).await?;
    let log = log.ok_or(Error::NotFound(Resource::Session))?;
    if is_over || log.first > log.last {
        return Err(Error::NotFound(Resource::Transcript));
    }
    Ok(Making {
        after: log.first - 1,
        newest: log.last,
        lines: Some(Transcript::default()),
    })
}

/// Whether so many seconds went by since an end; 0 is without a bound.
fn is_past(ended: Timestamp, keep: u64, now: Timestamp) -> bool {
    let age = u64::try_from(now.millis_since(ended) / 1000);
    keep > 0 && age.is_ok_and(|age| age >= keep)
}

async fn kept(app: &App, id: SessionId) -> Result<Option<BlobReader>, Error> {
    let kept = app.store.collected(id).await?;
    let Some(kept) = kept.iter().find(|kept| kept.kind == "transcript") else {
        return Ok(None);
    };
    match app.store.blobs().reader(kept.hash).await {
        Ok(blob) => Ok(Some(blob)),
        Err(StoreError::NotFound) => {
            let hash = kept.hash;
            warn!(session.id = %id, %hash, "The transcript of session {id} is not in blobs/ any more; it is made again from the events");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A cursor over the lines of a transcript, as far as there were any when it was opened.
pub(crate) struct TranscriptReader {
    app: Arc<App>,
    session: SessionId,
    source: Source,
}

enum Source {
    Kept(BlobReader),
    Made(Making),
}

/// How far a transcript is made.
struct Making {
    after: Seq,
    /// What comes later is not waited for.
    newest: Seq,
    /// None once all is written.
    lines: Option<Transcript>,
}

impl TranscriptReader {
    /// The session.
    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    /// Returns the next piece; none at the end. A server that stops breaks it off with an error, so that nobody takes it for whole.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.app.stop.is_cancelled() {
            let message = "the server stops; ask for the transcript again when it is back";
            return Err(Error::Unavailable(message.to_owned()));
        }
        match &mut self.source {
            Source::Kept(blob) => Ok(blob.next().await?.map(Bytes::from)),
            Source::Made(making) => making.next(&self.app, self.session).await,
        }
    }
}

impl Making {
    async fn next(&mut self, app: &App, session: SessionId) -> Result<Option<Bytes>, Error> {
        let mut text = String::new();
        while text.is_empty() {
            let Some(mut lines) = self.lines.take() else {
                return Ok(None);
            };
            let frames = app
                .store
                .events_after(session, self.after, None, events::BATCH);
            let frames = frames.await?;
            let known = frames.iter().take_while(|frame| frame.seq <= self.newest);
            let mut is_over = true;
            for frame in known {
                is_over = false;
                self.after = frame.seq;
                if let Some(turn) = frame.request_id {
                    hear(app, &mut lines, turn, frame, &mut text).await?;
                }
            }
            if is_over {
                begin_silent(app, session, &mut lines, &mut text).await?;
                lines.finish(&mut text);
            } else {
                self.lines = Some(lines);
            }
        }
        Ok(Some(text.into()))
    }
}

async fn hear(
    app: &App,
    lines: &mut Transcript,
    turn: TurnId,
    frame: &Frame,
    text: &mut String,
) -> Result<(), Error> {
    // A turn's prompt is in its row, and not among the events.
    if !lines.has_open(turn)
        && let Some(row) = app.store.turn(turn).await?
    {
        begin(lines, &row, text);
    }
    let event: Event = serde_json::from_str(&frame.data).map_err(Error::internal)?;
    if let Some(said) = Said::by_event(&event.body) {
        lines.add(turn, said, frame.at, text);
    }
    Ok(())
}

/// Writes the prompts to which nothing was said yet.
async fn begin_silent(
    app: &App,
    session: SessionId,
    lines: &mut Transcript,
    text: &mut String,
) -> Result<(), Error> {
    for turn in app.store.open_turns(session).await? {
        if turn.status == TurnStatus::Running && !lines.has_open(turn.id) {
            begin(lines, &turn, text);
        }
    }
    Ok(())
}

fn begin(lines: &mut Transcript, turn: &Turn, text: &mut String) {
    let prompt = Said::Prompt {
        kind: turn.kind,
        text: &turn.prompt,
    };
    let at = turn.started_at.unwrap_or(turn.created_at);
    lines.begin(turn.id, turn.subsession, prompt, at, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_too_old_when_it_was_kept_as_long_as_was_said() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert!(!is_past(at(10), 60, at(69)));
        assert!(is_past(at(10), 60, at(70)));
        assert!(!is_past(at(10), 0, at(1_000_000)));
        // The clock stepped back.
        assert!(!is_past(at(10), 60, at(0)));
    }
}
