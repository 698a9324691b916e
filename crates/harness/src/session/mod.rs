//! The session as its harness sees it: blank, prepared, running turns, ending.

mod end;
mod knowledge;
mod prepare;
mod program;
mod repositories;
mod turns;
mod wall;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use vwm_api::harness::{Boot, Entry, Happened, HarnessState, Phase, Setup, TurnOrder};
use vwm_api::volume::VolumePaths;
use vwm_api::{AgentEvent, SubsessionId, TurnId};

use crate::conversation::{Command, Commands, Stop};
use crate::door::Door;
use crate::files::Files;
use crate::journal::Journal;
use crate::prepared::Prepared;
use crate::state::State;

/// Without a server and with nothing running, a harness ends itself after so long.
const FORSAKEN: Duration = Duration::from_secs(15 * 60);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(30);

/// Why a call is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The workspace is not prepared.
    #[error("the session is not prepared; ask PUT /session first")]
    NotReady,
    /// The end has begun.
    #[error("the session is ending")]
    Ending,
    /// Nobody ever asked for that turn.
    #[error("no such turn")]
    UnknownTurn,
    /// The journal would not take it: what is not journaled is not done.
    #[error("the journal cannot be written; is the disk full?")]
    Journal(#[source] io::Error),
}

/// The session.
pub(crate) struct Session {
    pub(crate) boot: Boot,
    pub(crate) paths: VolumePaths,
    pub(crate) journal: Arc<Journal>,
    pub(crate) state: State,
    pub(crate) files: Files,
    pub(crate) stop: CancellationToken,
    door: Arc<Door>,
    door_token: String,
    inner: Mutex<Inner>,
    contact: Mutex<Instant>,
    /// Held while a turn is taken: the same turn asked for twice at once is taken once.
    taking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Inner {
    /// What the server last said.
    setup: Option<Setup>,
    prepared: Option<Arc<Prepared>>,
    conversations: HashMap<SubsessionId, Commands>,
    preparing: Option<JoinHandle<()>>,
    /// Turns that are taken and not sent: an older generation's, which run once all is prepared; and the one that learns.
    left: Vec<TurnOrder>,
    /// The one turn that may run while the session ends.
    learning: Option<TurnId>,
}

impl Session {
    /// A blank session on a volume whose journal is open and settled, with a door for its engines.
    pub(crate) async fn open(
        boot: Boot,
        paths: VolumePaths,
        journal: Arc<Journal>,
        left: Vec<TurnOrder>,
    ) -> io::Result<Arc<Self>> {
        let (sender, mut retries) = mpsc::unbounded_channel::<(SubsessionId, AgentEvent)>();
        let door_token = random_token()?;
        let door = Arc::new(Door::start(door_token.clone(), sender)?);
        let told = Arc::clone(&journal);
        tokio::spawn(async move {
            while let Some((subsession, event)) = retries.recv().await {
                // A notice belongs to the turn that runs in its conversation.
                let turn = told.with_ledger(|ledger| {
                    ledger
                        .open()
                        .iter()
                        .find(|turn| turn.order.subsession == subsession && turn.sent)
                        .map(|turn| turn.order.turn)
                });
                let entry = Entry::Event {
                    turn,
                    subsession: Some(subsession),
                    event: Happened::Agent(event),
                };
                if let Err(error) = told.append(entry) {
                    warn!(%error, "A notice of the door is lost");
                }
            }
        });
        let state = State::new();
        tokio::spawn(Arc::clone(&journal).keep_trying());
        let (mut trouble, told) = (journal.trouble(), state.clone());
        tokio::spawn(async move {
            while trouble.changed().await.is_ok() {
                told.touch();
            }
        });
        Ok(Arc::new(Self {
            boot,
            paths,
            journal,
            state,
            files: Files::new(),
            stop: CancellationToken::new(),
            door,
            door_token,
            inner: Mutex::new(Inner {
                left,
                ..Inner::default()
            }),
            contact: Mutex::new(Instant::now()),
            taking: tokio::sync::Mutex::new(()),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server is there.
    pub(crate) fn touch(&self) {
        *self.contact.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Returns when no server came for long, and nothing ran meanwhile.
    pub(crate) async fn until_forsaken(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let runs = self.journal.with_ledger(|ledger| !ledger.open().is_empty());
            if runs || self.state.current().phase == Phase::Ending {
                // The time counts from its end.
                self.touch();
            }
            let contact = *self.contact.lock().unwrap_or_else(PoisonError::into_inner);
            if contact.elapsed() > FORSAKEN {
                info!("No server came for long and nothing runs: the harness ends");
                return;
            }
        }
    }

    /// The state with the journal's part of it.
    pub(crate) fn told_state(&self) -> HarnessState {
        let mut state = self.state.current();
        state.last_n = self.journal.last_n();
        state.open_turns = self
            .journal
            .with_ledger(|ledger| ledger.open().iter().map(|turn| turn.order.turn).collect());
        if let Some(trouble) = self.journal.trouble().borrow().clone() {
            let reason = state.reason.into_iter().chain([trouble]);
            state.reason = Some(reason.collect::<Vec<_>>().join("\n"));
        }
        state
    }

    /// Where what is kept beyond the volume is put.
    pub(crate) fn collected_folder(&self) -> PathBuf {
        self.paths.state().join("collected")
    }

    /// Tells the world something that belongs to no turn; saying the same again says nothing.
    fn notice(&self, code: &str, message: &str) {
        if self
            .journal
            .with_ledger(|ledger| ledger.has_notice(code, message))
        {
            return;
        }
        let event = Happened::Agent(AgentEvent::notice(code, message));
        let entry = Entry::Event {
            turn: None,
            subsession: None,
            event,
        };
        if let Err(error) = self.journal.append(entry) {
            warn!(%error, code, "A notice is lost");
        }
    }

    /// Stops every conversation, and waits until nothing of them runs.
    pub(crate) async fn stop_conversations(&self, why: Stop) {
        let conversations = std::mem::take(&mut self.inner().conversations);
        let mut stopped = Vec::new();
        for commands in conversations.into_values() {
            let (done, is_done) = oneshot::channel();
            if commands.send(Command::Stop(why, done)).is_ok() {
                stopped.push(is_done);
            }
        }
        for is_done in stopped {
            // One that dropped its answer is over as well.
            let _ = is_done.await;
        }
    }
}

fn random_token() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    // A beginning of its own: an engine's words that might become it are held back, and most words are not.
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    Ok(format!("vwm-door-{hex}"))
}

#[cfg(test)]
mod tests;
