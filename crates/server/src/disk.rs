//! The room on the disks that a server writes to: looked at before it takes on more, so that what runs has enough to end well.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

/// For how long a look holds: sessions may come by the hundred, and a remote disk takes its time.
const LOOK: Duration = Duration::from_secs(1);

/// The disks of a data directory, and what shall stay free on each.
#[derive(Debug)]
pub(crate) struct Disk {
    folders: Vec<PathBuf>,
    /// Bytes; 0 is without a bound.
    reserve: u64,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    free: Option<u64>,
    at: Instant,
}

impl Disk {
    /// The disks below a data directory: blobs and volumes may be on their own.
    pub(crate) fn new(data_dir: &Path, reserve: u64) -> Self {
        Self {
            folders: vec![
                data_dir.to_owned(),
                data_dir.join("blobs"),
                data_dir.join("sessions"),
            ],
            reserve,
            seen: Mutex::default(),
        }
    }

    /// The bytes that shall stay free.
    pub(crate) fn reserve(&self) -> u64 {
        self.reserve
    }

    /// The bytes that are free on the fullest of them, as of a moment ago; none where nobody can tell.
    pub(crate) fn free(&self) -> Option<u64> {
        // Nothing can panic while it is held, so a poisoned one is whole.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_ref().filter(|seen| seen.at.elapsed() < LOOK) {
            return seen.free;
        }
        let free = self.look();
        *seen = Some(Seen {
            free,
            at: Instant::now(),
        });
        free
    }

    /// Why no new session is taken, where there is too little room for one: a sentence that says what to do.
    pub(crate) fn refusal(&self) -> Option<String> {
        let free = self.free()?;
        (free < self.reserve).then(|| {
            format!(
                "the server's disk has {} free, and a new session needs {}; sessions that are there go on: end some, make room, or have \
                 the server started with a smaller --disk-reserve",
                size(free),
                size(self.reserve)
            )
        })
    }

    /// How many bytes may still be sent to it: what ends needs room, too, and gets half of the reserve.
    pub(crate) fn room(&self) -> u64 {
        match self.free() {
            Some(free) if self.reserve > 0 => free.saturating_sub(self.reserve / 2),
            Some(_) | None => u64::MAX,
        }
    }

    fn look(&self) -> Option<u64> {
        let mut least = None;
        for folder in &self.folders {
            match rustix::fs::statvfs(folder) {
                Ok(found) => {
                    let free = found.f_bavail.saturating_mul(found.f_frsize);
                    least = Some(least.map_or(free, |least: u64| least.min(free)));
                }
                Err(error) => {
                    let folder = folder.display();
                    warn!(%error, "Nobody knows how much room there is for {folder}");
                }
            }
        }
        least
    }
}

/// A number of bytes as people say it.
fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    match bytes {
        ..MIB => format!("{} KiB", bytes >> 10),
        MIB.. => format!("{} MiB", bytes >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(reserve: u64, free: u64) -> Disk {
        Disk {
            folders: Vec::new(),
            reserve,
            seen: Mutex::new(Some(Seen {
                free: Some(free),
                at: Instant::now(),
            })),
        }
    }

    #[test]
    fn what_is_below_the_reserve_is_refused_and_half_of_it_is_for_what_ends() {
        const MIB: u64 = 1 << 20;
        assert_eq!(disk(512 * MIB, 512 * MIB).refusal(), None);
        let refusal = disk(512 * MIB, 512 * MIB - 1).refusal();
        let refusal = refusal.expect("it is refused");
        assert!(refusal.contains("has 511 MiB free"), "{refusal}");
        assert!(refusal.contains("needs 512 MiB"), "{refusal}");
        assert_eq!(disk(512 * MIB, 300 * MIB).room(), 44 * MIB);
        assert_eq!(disk(512 * MIB, MIB).room(), 0);
        assert_eq!(disk(0, 0).refusal(), None);
        assert_eq!(disk(0, 0).room(), u64::MAX);
    }

    #[test]
    fn the_fullest_disk_counts() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new(dir.path(), 1);
        for folder in ["blobs", "sessions"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let found = rustix::fs::statvfs(dir.path()).unwrap();
        let all = found.f_blocks * found.f_frsize;
        assert!(disk.free().is_some_and(|free| free <= all));
    }
}
