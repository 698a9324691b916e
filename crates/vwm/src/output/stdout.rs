//! Standard output, and whether anybody still reads it.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use tokio::time::{Instant, sleep, sleep_until};

use crate::error::CliError;

/// How often it is looked whether somebody still reads.
const LOOK: Duration = Duration::from_millis(200);

/// The first thing that standard output said when it took no more.
static FAULT: OnceLock<io::Error> = OnceLock::new();

/// Standard output; that it took something no more is remembered, so that nobody has to look after each line.
pub(crate) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        remembered(io::stdout().lock().write(bytes))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        remembered(io::stdout().lock().write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        remembered(io::stdout().lock().flush())
    }
}

fn remembered<T>(result: io::Result<T>) -> io::Result<T> {
    result.inspect_err(|error| {
        if error.kind() != io::ErrorKind::Interrupted {
            // Only the first one counts.
            let _ = FAULT.set(copy(error));
        }
    })
}

/// Says whether all that was written got where it belongs; that nobody wanted the rest (`| head`) is no fault.
pub(crate) fn check() -> Result<(), CliError> {
    // What it says is remembered.
    let _ = Stdout.flush();
    match FAULT.get() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::System {
            what: "cannot write to standard output".to_owned(),
            source: copy(error),
        }),
        Some(_) | None => Ok(()),
    }
}

fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// Whoever reads standard output.
pub(crate) struct Reader {
    can_hang_up: bool,
    /// When it was first seen that nobody reads.
    gone_since: Option<Instant>,
}

impl Reader {
    /// Looks after whoever reads.
    pub(crate) fn of_stdout() -> Self {
        let kind = rustix::fs::fstat(io::stdout()).map(|it| FileType::from_raw_mode(it.st_mode));
        // Nobody hangs up on a file; a terminal that is closed is a signal.
        let can_hang_up = matches!(kind, Ok(FileType::Fifo | FileType::Socket));
        Self {
            can_hang_up,
            gone_since: None,
        }
    }

    /// Waits until nobody reads any more, or until a write failed. It tells a moment later than it could: a Ctrl-C that ended
    /// everybody in a pipe is heard before.
    pub(crate) async fn gone(&mut self) {
        while self.gone_since.is_none() {
            if FAULT.get().is_some() || (self.can_hang_up && has_hung_up()) {
                self.gone_since = Some(Instant::now());
            } else {
                sleep(LOOK).await;
            }
        }
        if let Some(since) = self.gone_since {
            sleep_until(since + LOOK).await;
        }
    }
}

/// Whether the other end is closed; nothing has to be written to see it.
fn has_hung_up() -> bool {
    let stdout = io::stdout();
    // Of errors and of a hang-up one is always told.
    let mut looked_at = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut looked_at, Some(&at_once)).is_ok_and(|count| count > 0)
}
