//! What a command is given in a file, on its standard input, or by somebody who types without an echo.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use console::Term;

use crate::error::CliError;

/// Whether a path stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The text of a file; `-` reads standard input.
pub(crate) fn text(path: &Path) -> Result<String, CliError> {
    if is_dash(path) {
        return stdin();
    }
    std::fs::read_to_string(path).map_err(CliError::system(format!(
        "cannot read {}; does it exist, and is it text?",
        path.display()
    )))
}

/// The text on standard input.
pub(crate) fn stdin() -> Result<String, CliError> {
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(CliError::system("cannot read standard input; is it text?"))?;
    Ok(text)
}

/// A secret: what is piped in, or what somebody types without an echo; no option takes one, because a shell remembers those.
pub(crate) fn secret(question: &str, from_stdin: bool) -> Result<String, CliError> {
    let secret = if from_stdin {
        stdin()?
    } else if io::stdin().is_terminal() {
        eprint!("{question}: ");
        Term::stderr()
            .read_secure_line()
            .map_err(CliError::system("cannot read from the terminal"))?
    } else {
        return Err(CliError::usage(
            "nobody can be asked here for the key",
            "pipe it in with --stdin",
        ));
    };
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(CliError::usage(
            "the key is empty",
            "give one of the server's keys: `vwm key create` makes them",
        ));
    }
    Ok(secret.to_owned())
}
