//! What can go wrong before a script plays; what goes wrong in a play is told to whoever asked.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a scripted model server or agent cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum ScriptedError {
    /// The script file cannot be read.
    #[error("cannot read the script {}; does the file exist, and may you read it?", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The script says something that cannot be played.
    #[error("{origin} is wrong at {place}: {fault}")]
    Script {
        /// The file, or where else it came from.
        origin: String,
        /// Where in it: `rules[0].steps[1].text`.
        place: String,
        /// What is wrong there.
        fault: String,
    },
    /// The address is not to be had.
    #[error("cannot listen on {address}; is the port in use? Choose another one, or 0 for any")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Signals cannot be waited for.
    #[error("cannot wait for SIGINT and SIGTERM")]
    Signals(#[source] io::Error),
    /// Nobody said where conversations are kept.
    #[error("there is no place to keep conversations; set HOME or give --home")]
    NoHome,
    /// The place where conversations are kept is of no use.
    #[error("cannot keep conversations in {}; is it a folder that you may write?", folder.display())]
    Keep {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The client cannot be heard any more.
    #[error("cannot read what the client says on standard input")]
    Hear(#[source] io::Error),
}
