//! What a command says when it cannot go on: what happened, why, and what to do.

use std::io;
use std::net::IpAddr;
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
                Some(unreachable(error))
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

/// What to do when nobody is at an address: on this machine one can be started.
fn unreachable(error: &ClientError) -> String {
    match error {
        ClientError::Connect { to, .. } if !is_here(to) => format!(
            "check the address {to}, the network, and that the server runs there; VWM_URL or `vwm login URL` names another"
        ),
        _ => "start a server with `vwm server`".to_owned(),
    }
}

/// Whether an address leads to this machine alone.
fn is_here(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    let is_loopback = |it: IpAddr| it.is_loopback();
    host == "localhost" || host.ends_with(".localhost") || host.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_started_here_and_looked_for_elsewhere() {
        let hint = |to: &str| {
            let error = ClientError::Connect {
                to: to.to_owned(),
                source: "refused".into(),
            };
            CliError::from(error).hint().unwrap_or_default()
        };
        for here in [
            "http://127.0.0.1:7420",
            "http://[::1]:7420",
            "https://localhost/vwm",
        ] {
            assert_eq!(hint(here), "start a server with `vwm server`", "{here}");
        }
        for there in [
            "https://vwm.example.com",
            "http://10.0.0.1:7420",
            "http://localhost.example.com",
        ] {
            let begins = format!("check the address {there}, the network, ");
            assert!(hint(there).starts_with(&begins), "{}", hint(there));
        }
    }
}
