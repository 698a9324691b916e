//! Processes by pid; a test ends only those that it knows.

use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use vwm_api::SessionId;

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

/// The processes below one, parents before children.
#[must_use]
pub fn descendants(of: u32) -> Vec<u32> {
    let processes: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .expect("there is /proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(above) = found.get(next).copied() {
        let children = processes.iter().filter(|(_, parent)| *parent == above);
        found.extend(children.map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    found
}

/// The program that a process runs; none when it is gone.
#[must_use]
pub fn program(pid: u32) -> Option<PathBuf> {
    let link = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    // One that was built anew since it started.
    let path = link.to_str()?.trim_end_matches(" (deleted)");
    Some(PathBuf::from(path))
}

/// The processes that run in a session's folder, or name it.
#[must_use]
pub fn processes_of(id: SessionId) -> Vec<u32> {
    let id = id.to_string();
    let names = |path: String| {
        std::fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(&id))
    };
    let stands = |path: String| {
        std::fs::read_link(path).is_ok_and(|link| link.to_string_lossy().contains(&id))
    };
    let pids = std::fs::read_dir("/proc")
        .expect("there is /proc")
        .flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| names(format!("/proc/{pid}/cmdline")) || stands(format!("/proc/{pid}/cwd")))
        .filter(|pid| is_alive(*pid))
        .collect()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything; after its bracket come the state and the parent.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}
