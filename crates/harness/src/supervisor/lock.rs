//! The lock that says whether anything of an earlier generation still lives.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// How often a taken lock is tried again.
const AGAIN: Duration = Duration::from_millis(5);

/// Waits until no supervisor of an earlier generation lives, so that engines may be started; blocks until the
/// deadline at most.
///
/// # Errors
/// `TimedOut` when one still lives; whatever opening the lock says otherwise.
pub fn wait_for_engines(lock: &Path, deadline: Instant) -> io::Result<()> {
    let file = open(lock)?;
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::AGAIN) if Instant::now() < deadline => std::thread::sleep(AGAIN),
            Err(Errno::AGAIN) => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "processes of an earlier start still live; what cannot be killed waits for a disk or a mount: see to that",
                ));
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Holds the lock together with all other supervisors, as long as the file is open.
pub(super) fn hold(lock: &Path) -> io::Result<File> {
    let file = open(lock)?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).map_err(
        |error| match error {
            Errno::AGAIN => {
                io::Error::other("another start of this session waits for its engines to end")
            }
            error => error.into(),
        },
    )?;
    Ok(file)
}

fn open(lock: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(lock)
}
