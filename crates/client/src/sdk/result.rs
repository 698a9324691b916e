//! What a turn tells while it runs, and what is left of it.

use vwm_api::{Answer, Event, SessionId};

use super::WorkspaceFile;

/// The response of a turn that gave none.
pub const NO_RESPONSE: &str = "[No response received]";

/// What a turn tells while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Envelope {
    /// Where the turn stands.
    Status {
        /// How far it is.
        status: TurnProgress,
        /// In words.
        message: String,
    },
    /// What the worker says and does.
    Event(Event),
    /// What went wrong.
    Error {
        /// What happened and what to do.
        message: String,
    },
}

/// How far a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnProgress {
    /// Its files are on their way, then its prompt.
    Started,
    /// The worker answered.
    Completed,
    /// There is no answer.
    Failed,
}

impl TurnProgress {
    /// Its name in other languages' SDKs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// What is left of a turn. One that ran and failed has a result, too.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnResult {
    /// What the worker answered; its `status` and `error` say how the turn ended, and a turn that said nothing has [`NO_RESPONSE`].
    pub prompt_response: Answer,
    /// The session.
    pub session_id: SessionId,
    /// Which of the turns of this [`super::VwSession`] that are over it is, from 0.
    pub turn_index: usize,
    /// The output files.
    pub downloaded_files: Vec<WorkspaceFile>,
    /// The output files that could not be had.
    pub missing_files: Vec<MissingFile>,
}

/// An output file that could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFile {
    /// Which one.
    pub path: String,
    /// Why.
    pub message: String,
}
