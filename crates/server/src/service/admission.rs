//! Whether the server takes on one more session.

use vwm_store::{SessionLimits, StoreError};

use crate::app::App;
use crate::error::Error;

/// Why no new session is taken, whoever's it is: a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There are as many as may be.
    Full(String),
    /// The disk is too full for more.
    Disk(String),
}

impl Refusal {
    /// The sentence.
    pub(crate) fn into_sentence(self) -> String {
        match self {
            Self::Full(sentence) | Self::Disk(sentence) => sentence,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full(sentence) => Self::TooMany(sentence),
            Refusal::Disk(sentence) => Self::Unavailable(sentence),
        }
    }
}

/// Looks whether new sessions are refused just now. Whether one more is too many is decided again where it is made.
pub(crate) async fn refusal(app: &App) -> Result<Option<Refusal>, Error> {
    if let Some(sentence) = app.disk.refusal() {
        return Ok(Some(Refusal::Disk(sentence)));
    }
    match app.store.has_room(limits(app)).await {
        Ok(()) => Ok(None),
        Err(full @ StoreError::SessionsFull { .. }) => Ok(Some(Refusal::Full(full.to_string()))),
        Err(error) => Err(error.into()),
    }
}

/// How many sessions there may be.
pub(crate) fn limits(app: &App) -> SessionLimits {
    let limits = &app.config.limits;
    SessionLimits {
        server: bound(limits.max_sessions),
        worker: bound(limits.worker_max_sessions),
    }
}

/// A setting's 0 is no bound.
pub(super) fn bound(limit: u64) -> Option<u64> {
    (limit > 0).then_some(limit)
}
