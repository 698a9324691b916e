//! The end of a sitting, shown as it goes: the learning turn, the branches.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, interval_at, sleep, timeout};
use vwm_api::{Event, EventBody, Session, SessionStatus, TurnId};
use vwm_client::Watched;

use super::{Owner, PARTING, Sitting};
use crate::error::CliError;

/// How often it is looked what an end waits for.
const LOOK: Duration = Duration::from_secs(3);

impl Sitting {
    /// Ends the session, and returns it as it then is; none when Ctrl-C came first: the server ends it all the same.
    pub(crate) async fn end(&mut self) -> Result<Option<Session>, CliError> {
        self.note("ending the session");
        // What a worker learns is no part of its answer.
        self.screen.aside();
        let client = self.client.clone();
        let mut events = client.watch(self.session, self.seen);
        let ending = client.end_session_and_wait(self.session);
        tokio::pin!(ending);
        let last = sleep(Duration::ZERO);
        tokio::pin!(last);
        let (mut has_ended, mut is_watching) = (false, true);
        // One who comes for the end was not there before, and is not told what was.
        let mut is_end = self.owner == Owner::Us;
        let mut learning = None;
        // What an end waits for is no event.
        let mut look = interval_at(Instant::now() + LOOK, LOOK);
        let mut waits_for = None;
        // The stream's last events may come after the answer.
        while !has_ended || is_watching {
            tokio::select! {
                ended = &mut ending, if !has_ended => {
                    ended?;
                    has_ended = true;
                    last.as_mut().reset(Instant::now() + PARTING);
                }
                watched = events.next(), if is_watching => match watched {
                    Some(Ok(Watched::Event(event))) => {
                        is_end |= is_ending(&event);
                        self.seen = event.seq;
                        if is_end {
                            self.of_the_end(&event, &mut learning);
                        }
                    }
                    Some(Ok(watched)) => self.screen.watched(&watched),
                    // What the end does is told by its own call.
                    Some(Err(_)) | None => is_watching = false,
                },
                _ = look.tick(), if !has_ended => self.look(&mut waits_for).await,
                () = &mut last, if has_ended => is_watching = false,
                () = self.interrupts.next() => {
                    let id = self.session;
                    self.note(&format!("leaving; the server ends the session: `vwm session show {id}` tells how far it is"));
                    return Ok(None);
                }
            }
        }
        Ok(Some(client.session(self.session).await?))
    }

    /// Says what the end waits for, where that is news.
    async fn look(&mut self, known: &mut Option<String>) {
        let client = self.client.patient(Duration::ZERO);
        // A server that is away is told of by the stream.
        let Ok(Ok(session)) = timeout(LOOK, client.session(self.session)).await else {
            return;
        };
        if session.status != SessionStatus::Ending || session.status_reason == *known {
            return;
        }
        *known = session.status_reason;
        if let Some(reason) = known {
            self.note(&format!("it waits: {reason}"));
        }
    }

    fn of_the_end(&mut self, event: &Event, learning: &mut Option<TurnId>) {
        if self.remains.take(&event.body) {
            return;
        }
        match &event.body {
            // No other turn begins now.
            EventBody::Start(start) => {
                *learning = Some(start.request_id);
                self.note("the worker writes down what the next session should know");
            }
            EventBody::Complete(answer) if *learning == event.request_id => {
                self.screen.show(&event.body);
                self.remains.answer = Some(answer.clone());
            }
            EventBody::Text(_)
            | EventBody::Thinking(_)
            | EventBody::ToolCall(_)
            | EventBody::ToolResult(_)
            | EventBody::Notice { .. }
            | EventBody::Status { .. }
            | EventBody::Gap { .. }
            | EventBody::Raw(_)
            | EventBody::Complete(_)
            | EventBody::Error(_) => self.screen.show(&event.body),
        }
    }
}

fn is_ending(event: &Event) -> bool {
    match event.body {
        EventBody::Status { to, .. } => to == SessionStatus::Ending,
        _ => false,
    }
}
