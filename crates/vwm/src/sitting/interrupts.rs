//! Ctrl-C.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliError;

/// Ctrl-C, one after the other; a polite kill and a terminal that was closed mean the same.
pub(crate) struct Interrupts([Signal; 3]);

impl Interrupts {
    /// Listens from now on; Ctrl-C no longer ends the process by itself.
    pub(crate) fn listen() -> Result<Self, CliError> {
        let on = |kind| signal(kind).map_err(CliError::system("cannot listen for Ctrl-C"));
        Ok(Self([
            on(SignalKind::interrupt())?,
            on(SignalKind::terminate())?,
            on(SignalKind::hangup())?,
        ]))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
