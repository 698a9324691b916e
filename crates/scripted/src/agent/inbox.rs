//! What reaches a turn while it plays, from the client and from what the turn itself started.

use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Something that a turn may wait for.
#[derive(Debug)]
pub(super) enum Signal {
    /// The client cancels the turn, or is gone.
    Cancel,
    /// The client's reply to a question of ours.
    Reply(Value),
    /// The shell command has ended; none if nobody can say how.
    Exited(Option<ExitStatus>),
    /// The shell command's output has ended.
    Silent,
    /// The gate is open, or cannot be reached.
    Released(Result<(), String>),
}

/// The turn is cancelled.
#[derive(Debug)]
pub(super) struct Cancelled;

/// The signals of one turn.
pub(super) struct Inbox {
    signals: Receiver<Signal>,
    sender: Sender<Signal>,
    ignores_cancel: bool,
}

impl Inbox {
    pub(super) fn new() -> Self {
        let (sender, signals) = mpsc::channel();
        Self {
            signals,
            sender,
            ignores_cancel: false,
        }
    }

    pub(super) fn sender(&self) -> Sender<Signal> {
        self.sender.clone()
    }

    pub(super) fn ignore_cancel(&mut self) {
        self.ignores_cancel = true;
    }

    /// Looks whether the turn was cancelled in the meantime.
    pub(super) fn check(&mut self) -> Result<(), Cancelled> {
        self.pause(Duration::ZERO)
    }

    /// Lets time pass.
    pub(super) fn pause(&mut self, time: Duration) -> Result<(), Cancelled> {
        self.wait_at_most(time, |_| None::<()>).map(|_| ())
    }

    /// Waits for the signal that `pick` takes; others are lost.
    pub(super) fn wait<T>(
        &mut self,
        mut pick: impl FnMut(Signal) -> Option<T>,
    ) -> Result<T, Cancelled> {
        loop {
            let signal = self.signals.recv().expect("a sender lives in self");
            if let Some(picked) = self.sort(signal, &mut pick)? {
                return Ok(picked);
            }
        }
    }

    /// Likewise, but returns none after this time.
    pub(super) fn wait_at_most<T>(
        &mut self,
        time: Duration,
        mut pick: impl FnMut(Signal) -> Option<T>,
    ) -> Result<Option<T>, Cancelled> {
        let end = Instant::now() + time;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            match self.signals.recv_timeout(rest) {
                Ok(signal) => {
                    if let Some(picked) = self.sort(signal, &mut pick)? {
                        return Ok(Some(picked));
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => unreachable!("a sender lives in self"),
            }
        }
    }

    fn sort<T>(
        &self,
        signal: Signal,
        pick: &mut impl FnMut(Signal) -> Option<T>,
    ) -> Result<Option<T>, Cancelled> {
        match signal {
            Signal::Cancel if self.ignores_cancel => Ok(None),
            Signal::Cancel => Err(Cancelled),
            other => Ok(pick(other)),
        }
    }
}
