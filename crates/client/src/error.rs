//! What can go wrong when asking: nobody is there, the answer is a refusal, it was cut off, or it is not what the contract says.

use std::time::Duration;

use vwm_api::{ErrorBody, SessionId, SessionStatus};

/// What a lower layer said.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a call gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody is there: no connection came about, so nothing was asked.
    #[error("cannot connect to {to}; is it running?")]
    Connect {
        /// Who was called.
        to: String,
        /// What the system said.
        source: Cause,
    },
    /// It was asked, and no whole answer came: whether it was done is unknown until it is asked again.
    #[error(
        "the connection to {to} was lost before the answer was whole; asking again is safe where the call is idempotent"
    )]
    Lost {
        /// Who was called.
        to: String,
        /// What the connection said.
        source: Cause,
    },
    /// It was asked, and nothing came for too long.
    #[error("{to} said nothing for {} s; it may be overloaded or stopped", after.as_secs())]
    Silent {
        /// Who was called.
        to: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// It answered that it will not or cannot.
    #[error("{}", refusal(*status, body))]
    Api {
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: ErrorBody,
        /// How long it asks to be left alone; with 429 and 503.
        retry_after: Option<Duration>,
    },
    /// It answered something that the contract does not know.
    #[error(
        "{to} answered something unexpected ({what}); are client and server of the same version?"
    )]
    Protocol {
        /// Who was called.
        to: String,
        /// What is wrong with the answer.
        what: String,
    },
    /// The address cannot be called.
    #[error("{url:?} is not the address of a server; it looks like http://127.0.0.1:7420")]
    Address {
        /// What was given.
        url: String,
    },
    /// No address can carry the path.
    #[error(
        "{path:?} is not the path of a file; it is relative to the workspace's root, without `.` and `..`"
    )]
    Path {
        /// What was given.
        path: String,
    },
    /// The caller's own content broke off, and the upload with it.
    #[error(
        "the content cannot be read to its end; the upload is broken off, and is to be sent again as a whole"
    )]
    Content {
        /// What its stream said.
        source: Cause,
    },
    /// The session was made, and is not what was asked for.
    #[error("session {session} is {}, not active{}", status.as_str(), reason_of(reason))]
    NotActive {
        /// The session.
        session: SessionId,
        /// Where it stands.
        status: SessionStatus,
        /// Why.
        reason: Option<String>,
    },
    /// This program ended the session before.
    #[error("session {session} has already been ended; start another")]
    Ended {
        /// The session.
        session: SessionId,
    },
}

impl ClientError {
    /// Whether nobody is there, so that nothing was asked.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }

    /// Whether a harness refused the call because a newer generation owns the session, or a server because of a conflict.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether what was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// The HTTP status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What a refusal says.
    #[must_use]
    pub fn body(&self) -> Option<&ErrorBody> {
        match self {
            Self::Api { body, .. } => Some(body),
            _ => None,
        }
    }

    /// How long the other side asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same call may do better in a moment: the other side is away, starting or busy.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Lost { .. } | Self::Silent { .. } => true,
            Self::Api { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            Self::Protocol { .. }
            | Self::Address { .. }
            | Self::Path { .. }
            | Self::Content { .. }
            | Self::NotActive { .. }
            | Self::Ended { .. } => false,
        }
    }

    /// A refusal from its status and the bytes of its body.
    pub(crate) fn refused(status: u16, body: &[u8]) -> Self {
        let body = serde_json::from_slice(body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(body);
            let text: String = text.trim().chars().take(300).collect();
            ErrorBody {
                error: if text.is_empty() {
                    format!("the answer was {status} without a word")
                } else {
                    text
                },
                details: Vec::new(),
                request_id: None,
            }
        });
        Self::Api {
            status,
            body,
            retry_after: None,
        }
    }
}

fn reason_of(reason: &Option<String>) -> String {
    match reason {
        Some(reason) => format!(": {reason}"),
        None => String::new(),
    }
}

/// One sentence, then one line per fault.
fn refusal(status: u16, body: &ErrorBody) -> String {
    let mut text = body.error.clone();
    if let Some(id) = &body.request_id {
        text += &format!(" ({status}); the server's log has more under request {id}");
    }
    for fault in &body.details {
        let place = if fault.path.is_empty() {
            String::new()
        } else {
            format!("{}: ", fault.path)
        };
        text += &format!("\n  {place}{}", fault.message);
    }
    text
}
