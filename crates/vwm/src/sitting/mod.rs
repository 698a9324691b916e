//! One sitting with a worker from the terminal: make a session, prompt and show what happens, end it; Ctrl-C at any time.

mod end;
mod interrupts;
mod remains;
mod screen;

use std::time::Duration;

use futures_util::StreamExt;
use vwm_api::{
    AbortRequest, Answer, EventBody, NewSession, Prompt, Seq, SessionId, SessionStatus, TurnError,
    TurnId, TurnStatus,
};
use vwm_client::{Client, ClientError, WatchStream, Watched};

pub(crate) use self::interrupts::Interrupts;
pub(crate) use self::remains::{Learned, Push, Remains};
pub(crate) use self::screen::Screen;
use crate::error::CliError;
use crate::output::stdout::Reader;

/// How long a server may be away once a session is there.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long one who leaves waits for the server to hear it.
const PARTING: Duration = Duration::from_secs(5);

/// How a turn ended, as far as the terminal saw it.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The engine answered.
    Complete(Box<Answer>),
    /// It did not.
    Failed {
        /// The turn.
        turn: TurnId,
        /// Why.
        error: TurnError,
    },
    /// Nobody waited for it.
    Left(Leave),
}

impl Ended {
    /// How the process ends.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Complete(_) => 0,
            Self::Left(leave) => leave.exit_code(),
            Self::Failed { error, .. } => match error.status {
                TurnStatus::Cancelled => 130,
                TurnStatus::OutcomeUnknown => 3,
                TurnStatus::Pending
                | TurnStatus::Running
                | TurnStatus::Complete
                | TurnStatus::Failed => 1,
            },
        }
    }
}

/// Why one who looked on left before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Ctrl-C came.
    Interrupted,
    /// Whoever read standard output is gone; nothing is aborted, and nobody has to be told.
    Unread,
}

impl Leave {
    /// How the process ends; 141 is what a shell knows from programs whose reader is gone.
    #[must_use]
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Unread => 141,
        }
    }
}

/// Whose session it is, which says what Ctrl-C may abort before the turn has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Ours: everything in it.
    Us,
    /// Others may have turns in it.
    Others,
}

/// What came of making a session.
pub(crate) enum Started {
    /// It is ready for prompts.
    Ready(Sitting),
    /// Ctrl-C came first; it is there all the same.
    Interrupted(Sitting),
    /// It did not start, and why; it is there all the same.
    Failed(Sitting, CliError),
}

/// A session, and one who looks on.
pub(crate) struct Sitting {
    client: Client,
    /// The session.
    pub(crate) session: SessionId,
    owner: Owner,
    /// The newest event that was seen.
    seen: Seq,
    /// What the session's end said of what is left of it.
    pub(crate) remains: Remains,
    /// Where it is shown.
    pub(crate) screen: Screen,
    interrupts: Interrupts,
    reader: Reader,
}

impl Sitting {
    /// Makes a session, and returns when it is ready for prompts.
    pub(crate) async fn start(
        client: &Client,
        new: &NewSession,
        screen: Screen,
    ) -> Result<Started, CliError> {
        let interrupts = Interrupts::listen()?;
        // Asking again makes no second one.
        let session = client.patient(PATIENCE).create_session(new).await?;
        let mut sitting = Self::attach(client, session.id, Owner::Us, screen, interrupts);
        for warning in &session.warnings {
            sitting.note(&format!("{}: {}", warning.path, warning.message));
        }
        Ok(match sitting.until_active().await {
            Ok(true) => Started::Ready(sitting),
            Ok(false) => Started::Interrupted(sitting),
            Err(error) => Started::Failed(sitting, error),
        })
    }

    /// Looks on at a session that is there.
    #[must_use]
    pub(crate) fn attach(
        client: &Client,
        session: SessionId,
        owner: Owner,
        screen: Screen,
        interrupts: Interrupts,
    ) -> Self {
        Self {
            client: client.patient(PATIENCE),
            session,
            owner,
            seen: 0,
            remains: Remains::default(),
            screen,
            interrupts,
            reader: Reader::of_stdout(),
        }
    }

    /// Shows a line that is not an event.
    pub(crate) fn note(&mut self, text: &str) {
        self.screen.note(text);
    }

    async fn until_active(&mut self) -> Result<bool, CliError> {
        let mut events = self.client.watch(self.session, 0);
        loop {
            let watched = tokio::select! {
                watched = events.next() => watched,
                () = self.interrupts.next() => return Ok(false),
            };
            let Some(watched) = watched else {
                return Err(self.never_ready("it ended".to_owned()));
            };
            let event = match watched? {
                Watched::Event(event) => event,
                other => {
                    self.screen.watched(&other);
                    continue;
                }
            };
            self.seen = event.seq;
            let EventBody::Status { to, reason, .. } = event.body else {
                self.screen.show(&event.body);
                continue;
            };
            match to {
                SessionStatus::Active => return Ok(true),
                SessionStatus::Failed | SessionStatus::Ending | SessionStatus::Ended => {
                    let reason = reason.unwrap_or_else(|| format!("it is {}", to.as_str()));
                    return Err(self.never_ready(reason));
                }
                SessionStatus::Pending | SessionStatus::Suspended => {}
            }
        }
    }

    fn never_ready(&self, reason: String) -> CliError {
        let id = self.session;
        CliError::failed(
            format!("session {id} did not start: {reason}"),
            format!("mend that and try again; `vwm session end {id}` removes this one"),
        )
    }

    /// Prompts, and shows the turn up to its end. Ctrl-C aborts it, a second one leaves.
    pub(crate) async fn turn(&mut self, prompt: &Prompt) -> Result<Ended, CliError> {
        let events = self.client.watch_turn(self.session, prompt);
        self.follow(events, None, OnInterrupt::Abort).await
    }

    /// Shows a turn that was asked for before, from its first event to its last. Ctrl-C leaves it alone.
    pub(crate) async fn watch(&mut self, turn: TurnId) -> Result<Ended, CliError> {
        let events = self.client.watch_request(self.session, turn, 0);
        self.follow(events, Some(turn), OnInterrupt::Leave).await
    }

    /// Likewise, of one that was asked for just now: Ctrl-C aborts it, a second one leaves.
    pub(crate) async fn see_through(&mut self, turn: TurnId) -> Result<Ended, CliError> {
        let events = self.client.watch_request(self.session, turn, 0);
        self.follow(events, Some(turn), OnInterrupt::Abort).await
    }

    async fn follow(
        &mut self,
        mut events: WatchStream,
        mut turn: Option<TurnId>,
        on_interrupt: OnInterrupt,
    ) -> Result<Ended, CliError> {
        let mut abort = Abort::No;
        loop {
            let watched = tokio::select! {
                // Ctrl-C also ends who reads in a pipe, and comes first.
                biased;
                () = self.interrupts.next() => {
                    if abort != Abort::No || on_interrupt == OnInterrupt::Leave {
                        return Ok(Ended::Left(Leave::Interrupted));
                    }
                    self.note("aborting the turn; Ctrl-C again leaves at once");
                    abort = self.abort(turn).await?;
                    continue;
                }
                // Before it has a name it may not have been asked for, and what is aborted is seen to its end. A session of our own
                // is ended by nobody else.
                () = self.reader.gone(), if self.owner == Owner::Others && turn.is_some() && abort == Abort::No => {
                    return Ok(Ended::Left(Leave::Unread));
                }
                watched = events.next() => watched,
            };
            let Some(watched) = watched else {
                return Err(CliError::failed(
                    "the turn's events stopped without its end",
                    format!("`vwm session show {}` tells how it went", self.session),
                ));
            };
            let watched = watched.map_err(|error| self.refused(error))?;
            self.screen.watched(&watched);
            let Watched::Event(event) = watched else {
                continue;
            };
            self.seen = event.seq;
            turn = turn.or(event.request_id);
            match event.body {
                EventBody::Complete(answer) => return Ok(Ended::Complete(answer)),
                EventBody::Error(error) => {
                    return match event.request_id {
                        Some(turn) => Ok(Ended::Failed { turn, error }),
                        None => Err(CliError::Failed {
                            message: error.message,
                            hint: None,
                        }),
                    };
                }
                EventBody::Start(_)
                | EventBody::Text(_)
                | EventBody::Thinking(_)
                | EventBody::ToolCall(_)
                | EventBody::ToolResult(_)
                | EventBody::Notice { .. }
                | EventBody::Status { .. }
                | EventBody::Gap { .. }
                | EventBody::Raw(_) => {}
            }
            if abort == Abort::Wanted {
                abort = self.abort(turn).await?;
            }
        }
    }

    /// Shows what happens in the session after an event, up to its end, unless one leaves before.
    pub(crate) async fn look_on(&mut self, after: Seq) -> Result<Option<Leave>, CliError> {
        let mut events = self.client.watch(self.session, after);
        loop {
            let watched = tokio::select! {
                biased;
                () = self.interrupts.next() => return Ok(Some(Leave::Interrupted)),
                () = self.reader.gone() => return Ok(Some(Leave::Unread)),
                watched = events.next() => watched,
            };
            let Some(watched) = watched else {
                return Ok(None);
            };
            let watched = watched.map_err(|error| self.refused(error))?;
            self.screen.watched(&watched);
        }
    }

    async fn abort(&mut self, turn: Option<TurnId>) -> Result<Abort, CliError> {
        if turn.is_none() && self.owner == Owner::Others {
            return Ok(Abort::Wanted);
        }
        let which = AbortRequest {
            subsession_id: None,
            request_id: turn,
        };
        match self.client.abort(self.session, &which).await {
            Ok(()) => Ok(Abort::Asked),
            // It is over, or not there yet: its own events tell.
            Err(error) if error.is_conflict() => Ok(Abort::Asked),
            Err(error) if error.is_passing() => {
                self.note("the server is away; press Ctrl-C again to leave without it");
                Ok(Abort::Asked)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn refused(&self, error: ClientError) -> CliError {
        if error.is_passing() {
            return CliError::failed(
                format!("the server stayed away: {error}"),
                format!(
                    "the session goes on without you; `vwm session show {}` tells how far it is",
                    self.session
                ),
            );
        }
        error.into()
    }

    /// Asks for the session's end without waiting for it.
    pub(crate) async fn leave(&mut self) {
        let client = self.client.patient(Duration::ZERO);
        let asked = tokio::time::timeout(PARTING, client.end_session(self.session)).await;
        if !matches!(asked, Ok(Ok(()))) {
            let id = self.session;
            self.note(&format!(
                "the server did not hear it; end the session with `vwm session end {id}`"
            ));
        }
    }
}

/// What Ctrl-C does to a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnInterrupt {
    Abort,
    Leave,
}

/// How far an abort is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Abort {
    No,
    /// As soon as the turn has a name.
    Wanted,
    Asked,
}
