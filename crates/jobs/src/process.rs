//! Processes by pid and start time, so that a number that the kernel gave to somebody else is never signalled.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use vwm_api::volume::{JobFile, start_time};

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    start_time: u64,
}

impl From<&JobFile> for Process {
    fn from(job: &JobFile) -> Self {
        Self {
            pid: job.pid,
            start_time: job.start_time,
        }
    }
}

impl Process {
    /// Whether it is alive.
    pub(crate) fn is_alive(self) -> bool {
        started(self.pid) == Some(self.start_time)
    }

    /// Signals it, if it still is that process.
    pub(crate) fn signal(self, signal: Signal) {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return;
        };
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
            return;
        };
        // Checked after the descriptor is open: from here on it cannot become somebody else.
        if self.is_alive() {
            // It may have ended by itself in between.
            let _ = pidfd_send_signal(&process, signal);
        }
    }
}

/// Reads who serves a volume; none when nobody says so.
pub(crate) fn read_job_file(path: &Path) -> Option<JobFile> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// This user's harnesses whose volumes are, or were, in a folder: each with its volume.
pub(crate) fn harnesses(sessions: &Path) -> Vec<(PathBuf, Process)> {
    let user = rustix::process::geteuid().as_raw();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = processes.filter(|entry| entry.metadata().is_ok_and(|it| it.uid() == user));
    let mut found = Vec::new();
    for entry in own {
        let Some(pid) = entry.file_name().to_str().and_then(|it| it.parse().ok()) else {
            continue;
        };
        // Its beginning is known before its arguments are read, so that both are of one process.
        let Some(start_time) = started(pid) else {
            continue;
        };
        let Ok(arguments) = std::fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        if let Some(volume) = volume_of(&arguments)
            && volume.parent() == Some(sessions)
        {
            found.push((volume.to_owned(), Process { pid, start_time }));
        }
    }
    found
}

/// The volume that a harness was started on, by its arguments; none where they are not a harness's.
fn volume_of(arguments: &[u8]) -> Option<&Path> {
    let mut arguments = arguments.split(|byte| *byte == 0).skip(1);
    let is_harness = arguments.next() == Some(b"harness") && arguments.next() == Some(b"--volume");
    let volume = arguments.next().filter(|_| is_harness)?;
    Some(Path::new(OsStr::from_bytes(volume)))
}

fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.ok().and_then(|stat| start_time(&stat))
}
