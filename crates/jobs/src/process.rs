//! Processes by pid and start time, so that a number that the kernel gave to somebody else is never signalled.

use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use vwm_api::volume::{JobFile, start_time};

/// Reads who serves a volume; none when nobody says so.
pub(crate) fn read_job_file(path: &Path) -> Option<JobFile> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Whether the harness that a job file names is alive.
pub(crate) fn is_alive(job: &JobFile) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", job.pid));
    stat.ok().and_then(|stat| start_time(&stat)) == Some(job.start_time)
}

/// Signals the harness that a job file names, if it still is that process.
pub(crate) fn signal(job: &JobFile, signal: Signal) {
    let Some(pid) = i32::try_from(job.pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    // Checked after the descriptor is open: from here on it cannot become somebody else.
    if is_alive(job) {
        // It may have ended by itself in between.
        let _ = pidfd_send_signal(&process, signal);
    }
}
