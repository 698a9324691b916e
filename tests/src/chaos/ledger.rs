//! What a client knows of its session: what it asked, what it was answered, and what excuses an answer that is not complete.

use std::time::Instant;

use vwm_api::{Answer, Event, SessionId, TurnId, TurnStatus};

use super::work::Work;

/// One session, as its client knows it.
pub(super) struct Ledger {
    /// Whose.
    pub(super) slot: usize,
    /// The session.
    pub(super) session: SessionId,
    /// Which of the remotes it works on.
    pub(super) remote: Option<usize>,
    /// When it was asked for.
    pub(super) began: Instant,
    /// What it was asked, in this order.
    pub(super) asked: Vec<Asked>,
    /// The file that the client wrote last, where it is sure of it.
    pub(super) file: Option<(String, String)>,
}

/// One prompt.
pub(super) struct Asked {
    /// Its mark, and its idempotency key.
    pub(super) mark: String,
    /// What it has done.
    pub(super) work: Work,
    /// When.
    pub(super) at: Instant,
    /// The turn that it became, and those that tried it again.
    pub(super) turns: Vec<TurnId>,
    /// How the last of them ended, once that is known.
    pub(super) answer: Option<Answer>,
    /// Whether its client did something that may have ended it.
    pub(super) is_excused: bool,
    /// What the turn's own stream told.
    pub(super) streamed: Option<Vec<Event>>,
}

impl Ledger {
    pub(super) fn new(slot: usize, session: SessionId, remote: Option<usize>) -> Self {
        Self {
            slot,
            session,
            remote,
            began: Instant::now(),
            asked: Vec::new(),
            file: None,
        }
    }

    /// Where its tools leave their marks, relative to the workspace.
    pub(super) fn folder(&self) -> &'static str {
        match self.remote {
            Some(_) => "session_repo/",
            None => "",
        }
    }

    /// Notes a prompt.
    pub(super) fn asks(&mut self, mark: String, work: Work) -> usize {
        self.asked.push(Asked {
            mark,
            work,
            at: Instant::now(),
            turns: Vec::new(),
            answer: None,
            is_excused: false,
            streamed: None,
        });
        self.asked.len() - 1
    }

    /// Those that became turns of which no end is known.
    pub(super) fn open(&mut self) -> impl Iterator<Item = &mut Asked> {
        self.asked
            .iter_mut()
            .filter(|asked| asked.answer.is_none() && !asked.turns.is_empty())
    }

    /// From here on its client may be what ended them.
    pub(super) fn excuse_open(&mut self) {
        self.open().for_each(|asked| asked.is_excused = true);
    }
}

impl Asked {
    /// How the last try ended.
    pub(super) fn status(&self) -> Option<TurnStatus> {
        self.answer.as_ref().map(|answer| answer.status)
    }
}
