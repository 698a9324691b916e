//! What holds for the whole process: who may read what it writes, and how many files it may open.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use tracing::{debug, warn};

/// From here on, everything that is written is its owner's alone.
pub(crate) fn keep_files_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Takes as many open files as the machine allows: a session that is watched needs some.
pub(crate) fn allow_many_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, most) {
        Ok(()) => {
            debug!(before = ?current, now = ?maximum, "The limit of open files is raised to the hard one")
        }
        Err(error) => warn!(error = %error, "The limit of open files stays as it is: {error}"),
    }
}
