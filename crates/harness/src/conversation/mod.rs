//! One conversation inside a session: it owns its engine, which stays resident between turns, and runs one turn at a time.

mod bounds;
mod cause;
mod engine;
mod lines;
pub(crate) mod mask;
mod outcome;
mod stalled;
mod turn;
mod veil;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, info, warn};
use vwm_api::harness::{Entry, Happened, TurnOrder};
use vwm_api::{AgentEvent, NativeId, Resume, SubsessionId, TurnId};

use crate::adapter::{Opening, Step};
use crate::journal::Journal;
use crate::prepared::Prepared;
use crate::state::{EngineIs, State};
use engine::{Engine, Next};
use veil::Veil;

pub(crate) use outcome::{aborted, ended_by_us, unknown};

/// What a conversation is asked.
pub(crate) enum Command {
    /// Run this turn; it is in the journal already.
    Run(TurnOrder),
    /// Stop this turn, if it runs or waits.
    Abort(TurnId),
    /// From now on this is how the session is prepared: come back by resume before the next turn.
    Renew(Arc<Prepared>),
    /// Let the engine go unless a turn runs, and say when that is done.
    LetGo(oneshot::Sender<()>),
    /// Stop everything for this reason, and say when nothing runs any more.
    Stop(Stop, oneshot::Sender<()>),
}

/// Why a conversation is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The session ends.
    SessionEnds,
    /// The harness was asked to go; the session stays.
    HarnessEnds,
}

/// Where a conversation is reached.
pub(crate) type Commands = mpsc::UnboundedSender<Command>;

/// Starts a conversation; its engine starts with the first turn.
pub(crate) fn start(
    subsession: SubsessionId,
    prepared: Arc<Prepared>,
    journal: Arc<Journal>,
    state: State,
) -> Commands {
    let (sender, receiver) = mpsc::unbounded_channel();
    let native = journal.with_ledger(|ledger| ledger.native(subsession));
    // What a damaged journal has lost the server may know.
    let stored = || prepared.setup.native_ids.get(&subsession)?.last().cloned();
    let native = native.or_else(stored);
    let conversation = Conversation {
        subsession,
        prepared,
        journal,
        state,
        commands: receiver,
        waiting: VecDeque::new(),
        engine: None,
        opening: Opening {
            subsession,
            native,
            gave_up: false,
        },
        opened: Resume::Fresh,
        stopped: None,
        renew_after: None,
        veil: Veil::default(),
        is_unheard: false,
    };
    tokio::spawn(conversation.run());
    sender
}

struct Conversation {
    subsession: SubsessionId,
    prepared: Arc<Prepared>,
    journal: Arc<Journal>,
    state: State,
    commands: mpsc::UnboundedReceiver<Command>,
    waiting: VecDeque<TurnOrder>,
    engine: Option<Engine>,
    /// How the next start of the engine goes on.
    opening: Opening,
    /// How the running engine's conversation began; told by the next turn's first event.
    opened: Resume,
    stopped: Option<(Stop, oneshot::Sender<()>)>,
    /// Came while a turn ran.
    renew_after: Option<Arc<Prepared>>,
    /// What the running turn says, on its way to the journal.
    veil: Veil,
    /// Whether something of it could neither be journaled nor wait for that.
    is_unheard: bool,
}

impl Conversation {
    async fn run(mut self) {
        let mut idle_since = Instant::now();
        loop {
            if let Some((_, done)) = self.stopped.take() {
                self.let_go().await;
                // Whoever asked may be gone already.
                let _ = done.send(());
                return;
            }
            if let Some(order) = self.waiting.pop_front() {
                self.turn(order).await;
                self.tell_engine(EngineIs::Idle);
                if let Some(prepared) = self.renew_after.take() {
                    self.command(Command::Renew(prepared)).await;
                }
                idle_since = Instant::now();
                continue;
            }
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => return self.let_go().await,
                },
                next = next_of(&mut self.engine) => self.while_idle(next).await,
                () = until_idle_for(idle_since, self.prepared.setup.engine_idle_s), if self.engine.is_some() => {
                    info!(subsession.id = %self.subsession, "Engine without a turn is let go");
                    self.let_go().await;
                }
            }
        }
    }

    /// Takes a command while no turn runs.
    async fn command(&mut self, command: Command) {
        match command {
            Command::Run(order) => self.waiting.push_back(order),
            // It is over already: the journal says how.
            Command::Abort(_) => {}
            Command::Renew(prepared) => {
                self.let_go().await;
                self.prepared = prepared;
            }
            Command::LetGo(done) => {
                if self.engine.is_some() {
                    info!(subsession.id = %self.subsession, "Engine is let go, as was asked");
                }
                self.let_go().await;
                // Whoever asked may be gone already.
                let _ = done.send(());
            }
            Command::Stop(stop, done) => self.stopped = Some((stop, done)),
        }
    }

    async fn while_idle(&mut self, next: Next) {
        match next {
            Next::Line(_, steps) | Next::Woken(steps) => {
                let relaunch = self.absorb(steps);
                if relaunch {
                    self.let_go().await;
                }
            }
            Next::Exited(steps) => {
                self.absorb(steps);
                self.engine = None;
                self.tell_engine(EngineIs::Idle);
                info!(subsession.id = %self.subsession, "Engine ended between turns");
            }
        }
    }

    /// Takes the steps that belong to no turn; says whether the engine is of no use any more.
    fn absorb(&mut self, steps: Vec<Step>) -> bool {
        let mut relaunch = false;
        for step in steps {
            match step {
                Step::Emit(_, event) => self.tell(None, event),
                Step::Native(_, native) => self.called(native),
                Step::Opened(_, resume) => self.opened = resume,
                Step::Relaunch(opening) => {
                    self.opening = opening;
                    relaunch = true;
                }
                Step::End(_, ending) => debug!(?ending, "An engine ended a turn that is over"),
                // The engine's wires have taken these.
                Step::Say(_) | Step::Wake(..) => {}
            }
        }
        relaunch
    }

    fn tell(&mut self, turn: Option<TurnId>, event: AgentEvent) {
        let secrets = &self.prepared.secrets;
        let told = match turn {
            Some(_) => self.veil.through(secrets, event),
            None => vec![secrets.mask_event(event)],
        };
        for event in told {
            self.tell_masked(turn, event);
        }
    }

    fn tell_masked(&mut self, turn: Option<TurnId>, event: AgentEvent) {
        for piece in bounds::pieces(bounds::bounded(event)) {
            self.note(turn, Happened::Agent(piece));
        }
    }

    /// The engine's own id is kept before anything is asked under it, so that it is never lost with a process.
    fn called(&mut self, native: NativeId) {
        self.opening.native = Some(native.clone());
        self.note(None, Happened::Native(native));
    }

    fn note(&mut self, turn: Option<TurnId>, event: Happened) {
        let entry = Entry::Event {
            turn,
            subsession: Some(self.subsession),
            event,
        };
        if let Err(error) = self.journal.append(entry)
            && !std::mem::replace(&mut self.is_unheard, true)
        {
            warn!(subsession.id = %self.subsession, %error, "What the engine says is lost");
        }
    }

    /// What the state says of the engine, which has a turn or not, if it is there.
    fn tell_engine(&self, is: EngineIs) {
        let is = self.engine.as_ref().map_or(EngineIs::Gone, |_| is);
        self.state.set_engine(self.subsession, is);
    }

    async fn let_go(&mut self) {
        if let Some(engine) = self.engine.take() {
            let steps = engine.kill().await;
            self.absorb(steps);
            self.tell_engine(EngineIs::Idle);
        }
    }

    /// Starts the engine.
    async fn start_engine(&mut self) -> Result<Vec<Step>, crate::process::ProcessError> {
        let home = self.prepared.home(self.subsession);
        let (engine, steps) = Engine::start(&self.prepared, &home, &self.opening).await?;
        self.engine = Some(engine);
        self.tell_engine(EngineIs::Busy);
        Ok(steps)
    }
}

/// Returns when nothing happened for so many seconds since; 0 are never.
async fn until_idle_for(since: Instant, seconds: u64) {
    let due = since.checked_add(Duration::from_secs(seconds));
    match due.filter(|_| seconds > 0) {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn next_of(engine: &mut Option<Engine>) -> Next {
    match engine {
        Some(engine) => engine.next().await,
        None => std::future::pending().await,
    }
}
