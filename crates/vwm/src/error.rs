//! What a command says when it cannot go on: what happened, why, and what to do.

use std::io;
use std::path::PathBuf;

use vwm_client::ClientError;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Nothing is known of a server.
    #[error("no server runs on the data directory {}", data_dir.display())]
    NoServer {
        /// Where it would have said where it is.
        data_dir: PathBuf,
    },
    /// There is an address and no key to it.
    #[error("there is no key for the server at {url}")]
    NoKey {
        /// The server.
        url: String,
    },
    /// The server was asked and the answer is no use.
    #[error(transparent)]
    Server(#[from] ClientError),
    /// The system refused something.
    #[error("{what}")]
    System {
        /// What was tried, and with what.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The command was understood and cannot be done.
    #[error("{message}")]
    Failed {
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The command makes no sense as it stands.
    #[error("{message}")]
    Usage {
        /// What is wrong with it.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// One of several things could not be done.
    #[error("{what}")]
    Within {
        /// Which, and what was done before.
        what: String,
        /// Why.
        source: Box<CliError>,
    },
    /// Ctrl-C.
    #[error("{message}")]
    Aborted {
        /// What was stopped, and what is left.
        message: String,
    },
    /// Another part of VWM stopped.
    #[error(transparent)]
    Part(#[from] anyhow::Error),
}

impl CliError {
    /// A command that cannot be done, and what to do.
    pub(crate) fn failed(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// A command that makes no sense, and what to do.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// Says what was tried when the system refused it.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::NoServer { .. } => Some(
                "start one with `vwm server`, or name another data directory with --data-dir, \
                 or a server elsewhere with `vwm login URL`, or VWM_URL and VWM_API_KEY"
                    .to_owned(),
            ),
            Self::NoKey { .. } => Some("set VWM_API_KEY to one of the server's keys".to_owned()),
            Self::Server(error) if error.is_unreachable() => {
                Some("start a server with `vwm server`".to_owned())
            }
            Self::Server(error) if error.status() == Some(401) => Some(
                "the key is not one of this server's, or is revoked: check VWM_API_KEY, `vwm login`, or the data directory's admin.key".to_owned(),
            ),
            Self::Server(error) if error.status() == Some(403) => Some(
                "ask whoever runs the server for a key of another role: `vwm key create` makes them".to_owned(),
            ),
            Self::Server(error) if matches!(error.status(), Some(429 | 503)) => {
                Some("the server cannot just now; try again in a moment".to_owned())
            }
            Self::Server(error) if error.status() == Some(423) => {
                Some("an admin's key may go over the lock with --force".to_owned())
            }
            Self::Within { source, .. } => source.hint(),
            Self::Failed { hint, .. } | Self::Usage { hint, .. } => hint.clone(),
            Self::Server(_) | Self::System { .. } | Self::Aborted { .. } | Self::Part(_) => None,
        }
    }

    /// How the process ends.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::Aborted { .. } => 130,
            Self::Within { source, .. } => source.exit_code(),
            Self::NoServer { .. }
            | Self::NoKey { .. }
            | Self::Server(_)
            | Self::System { .. }
            | Self::Failed { .. }
            | Self::Part(_) => 1,
        }
    }

    /// The whole of it, as a person reads it.
    #[must_use]
    pub(crate) fn told(&self) -> String {
        let mut told = format!("error: {self}");
        let mut cause = std::error::Error::source(self);
        while let Some(source) = cause {
            let text = source.to_string();
            // Some sources say what was said already.
            if !told.contains(&text) {
                told += &format!("\n  because: {text}");
            }
            cause = source.source();
        }
        if let Some(hint) = self.hint() {
            told += &format!("\nhint: {hint}");
        }
        told
    }
}
