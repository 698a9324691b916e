//! What a violation leaves behind for who looks for its cause: the session's journal and log, its processes, and all strikes.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use vwm_api::SessionId;

use super::ground::Ground;
use super::host;
use crate::process;

/// Notes a strike, with its victim.
pub(super) fn note(ground: &Ground, what: &str) {
    let file = File::options()
        .create(true)
        .append(true)
        .open(ground.data_dir.with_extension("strikes"));
    if let Ok(mut file) = file {
        // Without a disk there is worse to tell.
        let _ = writeln!(file, "{} {what}", vwm_api::Timestamp::now());
    }
}

/// Keeps what is there of a session just now.
pub(super) fn keep(ground: &Ground, session: SessionId) {
    let volume = host::volume(&ground.data_dir, session);
    let folder = ground.data_dir.with_extension("evidence");
    let folder = folder.join(session.to_string());
    // Whatever is missing, the rest is kept all the same.
    let _ = std::fs::create_dir_all(&folder);
    for name in ["journal", "harness.log", "job.json"] {
        let _ = std::fs::copy(volume.state().join(name), folder.join(name));
    }
    let _ = std::fs::copy("/proc/self/net/tcp", folder.join("connections"));
    let harness = host::harness(&volume);
    let below = harness.map(process::descendants).unwrap_or_default();
    let pids = harness.into_iter().chain(below);
    let processes: String = pids.map(in_words).collect();
    let _ = std::fs::write(folder.join("processes"), processes);
}

fn in_words(pid: u32) -> String {
    let place = format!("/proc/{pid}");
    let read = |name: &str| {
        let text = std::fs::read(Path::new(&place).join(name)).unwrap_or_default();
        String::from_utf8_lossy(&text).replace('\0', " ")
    };
    let status = read("status");
    let state = status.lines().find(|line| line.starts_with("State:"));
    let mut text = String::new();
    // A String takes all that is written.
    let _ = writeln!(
        text,
        "{pid} {} {} {}",
        state.unwrap_or_default(),
        read("wchan"),
        read("cmdline")
    );
    text
}
