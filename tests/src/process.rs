//! Processes by pid; a test ends only those that it knows.

use rustix::process::{Pid, Signal, kill_process};

/// Whether a process runs; a zombie does not.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| vwm_api::volume::start_time(&stat))
        .is_some()
}

/// Signals a process that the test knows.
pub fn kill(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a pid is a positive number");
    // It may be gone already: that is what was wanted.
    let _ = kill_process(pid, signal);
}
