//! Where the numbers come from: the machine, and how busy it was.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

/// What others may use of a machine that counts as quiet.
const QUIET: f64 = 0.1;
/// How long is looked before it is said how busy a machine is.
const LOOK: Duration = Duration::from_secs(2);

/// A machine.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// How many programs run at once.
    pub(crate) cores: usize,
    /// The processor's name.
    pub(crate) processor: String,
    /// The kernel's version.
    pub(crate) kernel: String,
    /// All of it, in MiB.
    pub(crate) memory_mib: u64,
    /// The kind of file system that the data directories are on.
    pub(crate) file_system: String,
}

/// Looks at this machine.
pub(crate) fn look(folder: &Path) -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after_colon = |text: &str, name: &str| {
        let mut lines = text.lines().filter(|line| line.starts_with(name));
        let line = lines.next().and_then(|line| line.split_once(':'));
        line.map_or(String::new(), |(_, value)| value.trim().to_owned())
    };
    let memory = after_colon(&read("/proc/meminfo"), "MemTotal");
    let memory: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
    Machine {
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        processor: after_colon(&read("/proc/cpuinfo"), "model name"),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        memory_mib: memory / 1024,
        file_system: file_system(&read("/proc/self/mounts"), folder),
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next();
    first.and_then(|load| load.parse().ok()).unwrap_or_default()
}

/// Waits until nobody uses the machine, but no longer than that; returns which part of it was in use at the end.
pub(crate) fn wait_until_quiet(patience: Duration) -> f64 {
    let until = Instant::now() + patience;
    loop {
        let before = ticks(&read_stat());
        std::thread::sleep(LOOK);
        let busy = busy(before, ticks(&read_stat()));
        if busy < QUIET || Instant::now() >= until {
            return busy;
        }
    }
}

fn read_stat() -> String {
    std::fs::read_to_string("/proc/stat").unwrap_or_default()
}

/// All ticks of all cores since the start, and the idle ones of them.
fn ticks(stat: &str) -> (u64, u64) {
    let all = stat.lines().next().unwrap_or_default().split_whitespace();
    // The last two count guests, which are in the first two already.
    let all: Vec<u64> = all.skip(1).take(8).flat_map(str::parse).collect();
    let idle = all.iter().skip(3).take(2).sum();
    (all.iter().sum(), idle)
}

#[allow(clippy::cast_precision_loss, reason = "ticks of some seconds are few")]
fn busy(before: (u64, u64), after: (u64, u64)) -> f64 {
    let all = after.0.saturating_sub(before.0).max(1) as f64;
    let idle = after.1.saturating_sub(before.1) as f64;
    ((1.0 - idle / all) * 100.0).round() / 100.0
}

/// The kind of the mount that is nearest above a folder.
fn file_system(mounts: &str, folder: &Path) -> String {
    let above = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    let nearest = above.max_by_key(|(length, _)| *length);
    nearest.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_a_disk_is_no_use_of_a_core() {
        let before = ticks("cpu  10 0 10 60 20 0 0 0 5 5\ncpu0 1 1 1 1\n");
        let after = ticks("cpu  40 0 10 100 50 0 0 0 9 9\n");
        assert_eq!((before, after), ((100, 80), (200, 150)));
        assert_eq!(busy(before, after).to_bits(), 0.3f64.to_bits());
    }

    #[test]
    fn the_nearest_mount_above_says_the_file_system() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/x xfs rw 0 0\n";
        let of = |folder: &str| file_system(mounts, Path::new(folder));
        assert_eq!(of("/home/ann"), "ext4");
        assert_eq!(of("/tmp/y"), "tmpfs");
        assert_eq!(of("/tmp/x/y"), "xfs");
        assert_eq!(file_system("", Path::new("/a")), "unknown");
    }
}
