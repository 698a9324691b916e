//! Processes by pid: what they hold in memory, and their end.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use vwm_api::volume::start_time;

/// Memory of one process, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Memory {
    /// All pages that are in memory.
    pub(crate) rss: u64,
    /// Likewise, with each shared page divided by those who share it.
    pub(crate) pss: u64,
    /// What belongs to no file: heap and stacks.
    pub(crate) anonymous: u64,
}

/// What a process holds in memory now.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    Ok(parse(&text))
}

fn parse(rollup: &str) -> Memory {
    let field = |name: &str| {
        let mut lines = rollup.lines();
        lines
            .find_map(|line| {
                line.strip_prefix(name)?
                    .strip_suffix("kB")?
                    .trim()
                    .parse()
                    .ok()
            })
            .unwrap_or_default()
    };
    Memory {
        rss: field("Rss:"),
        pss: field("Pss:"),
        anonymous: field("Anonymous:"),
    }
}

/// Whether a process runs; a zombie does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    stat.and_then(|stat| start_time(&stat)).is_some()
}

/// Signals a process that this run started.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may be gone already: that is what was wanted.
        let _ = kill_process(pid, signal);
    }
}

/// The children of a process.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let parent = |stat: &str| -> Option<u32> {
        // The name may hold anything; after its bracket come the state and the parent.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok()
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            parent(&stat) == Some(of)
        })
        .collect()
}

/// The processes below one, parents before children.
pub(crate) fn descendants(of: u32) -> Vec<u32> {
    let mut found = children(of);
    let mut next = 0;
    while let Some(above) = found.get(next).copied() {
        found.extend(children(above));
        next += 1;
    }
    found
}

/// Waits until processes are gone.
pub(crate) fn wait_gone(pids: &[u32], patience: Duration) -> Result<()> {
    let until = Instant::now() + patience;
    while pids.iter().any(|pid| is_alive(*pid)) {
        if Instant::now() > until {
            bail!("processes {pids:?} do not end; end them by hand");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// The length of a file.
pub(crate) fn size(path: &Path) -> Result<u64> {
    let metadata = std::fs::metadata(path);
    let metadata = metadata.with_context(|| format!("{} is not there", path.display()))?;
    Ok(metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_numbers_are_taken_from_their_own_lines() {
        let rollup = "55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:    17120 kB\nPss:    9000 kB\nPss_Dirty: 1 kB\nPss_Anon: 2 kB\nAnonymous:   6004 kB\n";
        let expected = Memory {
            rss: 17120,
            pss: 9000,
            anonymous: 6004,
        };
        assert_eq!(parse(rollup), expected);
    }

    #[test]
    fn this_process_has_memory_and_lives() {
        let own = memory(std::process::id()).expect("it can read itself");
        assert!(own.rss >= own.anonymous && own.anonymous > 0, "{own:?}");
        assert!(is_alive(std::process::id()));
    }
}
