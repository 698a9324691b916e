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
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::info;
use vwm_api::harness::{Boot, Entry, Happened, HarnessState, Phase, Setup, TurnOrder};
use vwm_api::volume::VolumePaths;
use vwm_api::{AgentEvent, SubsessionId, Timestamp, TurnId};

use crate::conversation::{Command, Commands, Stop};
use crate::door::Door;
use crate::files::Files;
use crate::journal::Journal;
use crate::prepared::Prepared;
use crate::state::State;

/// Without a server and with nothing running, a harness ends itself after so long.
const FORSAKEN: Duration = Duration::from_secs(15 * 60);

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
    contact: AtomicI64,
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
                    crate::fatal(&error);
                }
            }
        });
        Ok(Arc::new(Self {
            boot,
            paths,
            journal,
            state: State::new(),
            files: Files::new(),
            stop: CancellationToken::new(),
            door,
            door_token,
            inner: Mutex::new(Inner {
                left,
                ..Inner::default()
            }),
            contact: AtomicI64::new(Timestamp::now().as_micros()),
            taking: tokio::sync::Mutex::new(()),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server is there.
    pub(crate) fn touch(&self) {
        self.contact
            .store(Timestamp::now().as_micros(), Ordering::Relaxed);
    }

    /// Ends the harness when no server came for long and nothing runs.
    pub(crate) async fn until_forsaken(&self) {
        loop {
            tokio::time::sleep(Duration::from_secs(30)).await;
            let silent = Timestamp::now().as_micros() - self.contact.load(Ordering::Relaxed);
            let is_long = u128::try_from(silent).is_ok_and(|micros| micros > FORSAKEN.as_micros());
            let runs = self.journal.with_ledger(|ledger| !ledger.open().is_empty());
            if is_long && !runs && self.state.current().phase != Phase::Ending {
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
        if let Err(error) = self.journal.append(Entry::Event {
            turn: None,
            subsession: None,
            event,
        }) {
            crate::fatal(&error);
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
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
