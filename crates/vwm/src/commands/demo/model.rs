//! Whom the demo asks: a script, or with `--live` the provider's own model.

use std::io::{self, BufRead, IsTerminal, Write};

use vwm_scripted::{Call, ModelServer};

use super::script;
use crate::error::CliError;

/// The demo's model.
pub(super) enum Model {
    /// A script: no key, no network, no money.
    Scripted(ModelServer),
    /// Anthropic's own, with the caller's key.
    Live {
        /// The key.
        key: String,
    },
}

/// What the caller of a live demo has.
pub(super) struct Caller<'a> {
    /// `VWM_ANTHROPIC_API_KEY`.
    pub(super) key: Option<&'a str>,
    /// Whether it was said on the command line that money may be spent.
    pub(super) has_agreed: bool,
}

impl Model {
    /// The one that plays the demo's script.
    pub(super) fn scripted() -> Result<Self, CliError> {
        let server = ModelServer::start(script::script()?);
        server
            .map(Self::Scripted)
            .map_err(CliError::system("cannot start the scripted model"))
    }

    /// The provider's own; asks on the terminal first. None where the answer is no.
    pub(super) fn live(caller: &Caller<'_>) -> Result<Option<Self>, CliError> {
        let Some(key) = caller.key else {
            return Err(CliError::usage(
                "--live asks Anthropic's model, and there is no key for it",
                "set VWM_ANTHROPIC_API_KEY (no other variable is read), or leave --live out: the script needs no key",
            ));
        };
        let live = Self::Live {
            key: key.to_owned(),
        };
        if caller.has_agreed {
            return Ok(Some(live));
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(CliError::usage(
                "--live spends money, and there is no terminal to ask on",
                "say with --yes that it may, or leave --live out: the script costs nothing",
            ));
        }
        Ok(ask()?.then_some(live))
    }

    /// What the server's environment says of it.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        const KEY: &str = "VWM_ANTHROPIC_API_KEY";
        match self {
            Self::Scripted(server) => vec![
                ("VWM_ANTHROPIC_BASE_URL", server.url()),
                // The door wants a key; the script takes any.
                (KEY, "sk-test".to_owned()),
            ],
            Self::Live { key } => vec![(KEY, key.clone())],
        }
    }

    /// What a scripted one was asked so far; none of a provider's, whose requests nobody can look into.
    pub(super) fn calls(&self) -> Option<Vec<Call>> {
        match self {
            Self::Scripted(server) => Some(server.calls()),
            Self::Live { .. } => None,
        }
    }

    /// Stops it.
    pub(super) async fn stop(&self) {
        match self {
            Self::Scripted(server) => server.stop().await,
            Self::Live { .. } => {}
        }
    }
}

fn ask() -> Result<bool, CliError> {
    let mut terminal = io::stderr();
    let asked = write!(
        terminal,
        "This asks Anthropic's model some twenty times and spends money on the key in VWM_ANTHROPIC_API_KEY.\n\
         Go on? yes/no: "
    );
    let mut answer = String::new();
    asked
        .and_then(|()| terminal.flush())
        .and_then(|()| io::stdin().lock().read_line(&mut answer))
        .map_err(CliError::system("cannot ask on the terminal"))?;
    Ok(is_yes(&answer))
}

/// Only a plain yes spends money.
fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "yes" | "y")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_spends_money() {
        assert!(is_yes("yes\n") && is_yes(" Y \n"));
        for other in ["", "\n", "no", "yesterday", "ja"] {
            assert!(!is_yes(other), "{other:?}");
        }
    }

    #[test]
    fn without_a_key_nobody_is_asked() {
        let caller = Caller {
            key: None,
            has_agreed: true,
        };
        let Err(CliError::Usage { message, .. }) = Model::live(&caller) else {
            panic!("it goes on without a key");
        };
        assert!(message.ends_with("there is no key for it"), "{message}");
    }
}
