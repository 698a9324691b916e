//! The kill loop: everything that descends from this process is stopped, then killed, until there is no child left.
//!
//! The end is what `wait` says, not an empty scan: a process that hops from pid to pid escapes a scan, but as long as it lives
//! the subreaper has a child.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus};

/// The pause after the first round; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// What the kill loop found.
pub(super) struct Swept {
    /// How the main child ended.
    pub(super) status: Option<WaitStatus>,
    /// How many others lived when they were found.
    pub(super) leftovers: u32,
}

/// A process as the scan saw it; the start time tells it from a later one with the same pid.
struct Relative {
    pid: i32,
    parent: i32,
    is_zombie: bool,
    start: u64,
}

/// Collects what has ended; returns how the main child did, if it was among it, and whether any child is left.
pub(super) fn reap(main: Pid) -> (Option<WaitStatus>, bool) {
    let mut status = None;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, ended))) if pid == main => status = Some(ended),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return (status, true),
            Err(_) => return (status, false),
        }
    }
}

/// Kills every descendant; returns when there is none. `status` is how the main child ended, when that is known already.
pub(super) fn sweep(main: Pid, mut status: Option<WaitStatus>) -> Swept {
    let mut found = BTreeSet::new();
    let mut pause = FIRST_PAUSE;
    loop {
        let (ended, has_children) = reap(main);
        status = status.or(ended);
        if !has_children {
            return Swept {
                status,
                leftovers: u32::try_from(found.len()).unwrap_or(u32::MAX),
            };
        }
        let lineage = descendants(std::process::id().cast_signed());
        // Stopped first, so that one which starts others cannot outrun the killing.
        for signal in [Signal::STOP, Signal::KILL] {
            for relative in &lineage {
                send(relative, signal);
            }
        }
        for relative in lineage {
            if !relative.is_zombie && relative.pid != main.as_raw_nonzero().get() {
                found.insert((relative.pid, relative.start));
            }
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Signals the process that was scanned, and no later one of the same pid. A zombie is signalled too: its other threads may live.
fn send(relative: &Relative, signal: Signal) {
    let Some(pid) = Pid::from_raw(relative.pid) else {
        return;
    };
    let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    if look_at(relative.pid).is_some_and(|now| now.start == relative.start) {
        // It may have ended meanwhile, which is what we want.
        let _ = rustix::process::pidfd_send_signal(&pidfd, signal);
    }
}

fn descendants(ancestor: i32) -> Vec<Relative> {
    let mut children: BTreeMap<i32, Vec<Relative>> = BTreeMap::new();
    let entries = std::fs::read_dir("/proc").inspect_err(|error| {
        eprintln!("supervisor: /proc cannot be read, so nothing is killed: {error}")
    });
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(relative) = look_at(pid) {
            children.entry(relative.parent).or_default().push(relative);
        }
    }
    let mut lineage: Vec<Relative> = children.remove(&ancestor).unwrap_or_default();
    let mut next = 0;
    while next < lineage.len() {
        let parent = lineage[next].pid;
        lineage.extend(children.remove(&parent).unwrap_or_default());
        next += 1;
    }
    lineage
}

fn look_at(pid: i32) -> Option<Relative> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(pid, &String::from_utf8_lossy(&stat))
}

/// Reads a line of `/proc/<pid>/stat`; the name in it may hold spaces and parentheses.
fn parse(pid: i32, stat: &str) -> Option<Relative> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some(Relative {
        pid,
        is_zombie: matches!(fields.next()?, "Z" | "X"),
        parent: fields.next()?.parse().ok()?,
        start: fields.nth(17)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_hide_a_process() {
        let stat = "7 (a) Z 1 (b) S 42 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 9001 0 0 0";
        let relative = parse(7, stat).unwrap();
        assert_eq!(
            (
                relative.pid,
                relative.parent,
                relative.is_zombie,
                relative.start
            ),
            (7, 42, false, 9001)
        );
    }

    #[test]
    fn a_process_sees_its_own_child_and_not_itself() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lineage = descendants(std::process::id().cast_signed());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            lineage
                .iter()
                .any(|relative| relative.pid == child.id().cast_signed())
        );
        assert!(
            lineage
                .iter()
                .all(|relative| relative.pid != std::process::id().cast_signed())
        );
    }
}
