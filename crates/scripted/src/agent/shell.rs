//! Shell commands that the agent runs, and those that it leaves behind.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal as UnixSignal, kill_process_group};

use super::inbox::{Cancelled, Inbox, Signal};

/// How long output may still come after the command has ended; a child in the background may hold it open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What a daemon does first: into a session of its own, then away from its parent.
const FORK_TWICE: &str = r#"/bin/sh -c "$0" </dev/null >/dev/null 2>&1 &"#;

/// Runs a command to its end; its output comes out, and its exit code if it is not 0.
pub(super) fn run(
    cwd: &Path,
    command: &str,
    inbox: &mut Inbox,
) -> Result<Result<String, String>, Cancelled> {
    let running = match Running::start(cwd, command, inbox) {
        Ok(running) => running,
        Err(fault) => return Ok(Err(format!("cannot run /bin/sh: {fault}"))),
    };
    let mut has_output_ended = false;
    let status = inbox.wait(|signal| match signal {
        Signal::Exited(status) => Some(status),
        Signal::Silent => {
            has_output_ended = true;
            None
        }
        _ => None,
    });
    let status = match status {
        Ok(status) => status,
        Err(cancelled) => {
            running.kill(inbox);
            return Err(cancelled);
        }
    };
    if !has_output_ended {
        inbox.wait_at_most(LAST_WORDS, |signal| {
            matches!(signal, Signal::Silent).then_some(())
        })?;
    }
    let output = running.output();
    Ok(match status {
        Some(status) if status.success() => Ok(output),
        Some(status) => Err(format!("{output}{status}")),
        None => Err(format!("{output}nobody knows how it ended")),
    })
}

/// Starts a command that nobody of ours knows any more: no parent, no environment, no terminal.
pub(super) fn leave_alone(cwd: &Path, command: &str) -> Result<String, String> {
    let status = Command::new("setsid")
        .args(["/bin/sh", "-c", FORK_TWICE, command])
        .env_clear()
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok("it runs alone".to_owned()),
        Ok(status) => Err(format!("setsid failed: {status}")),
        Err(fault) => Err(format!("cannot run setsid; is it installed? {fault}")),
    }
}

struct Running {
    group: Pid,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Running {
    fn start(cwd: &Path, command: &str, inbox: &Inbox) -> io::Result<Self> {
        let (mut reader, writer) = io::pipe()?;
        // A group of its own, so that all of it can be killed.
        let mut child = Command::new("/bin/sh")
            .args(["-c", command])
            .current_dir(cwd)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        let group = Pid::from_child(&child);
        let output = Arc::new(Mutex::new(Vec::new()));

        let (heard, ended) = (Arc::clone(&output), inbox.sender());
        thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Ok(length @ 1..) = reader.read(&mut piece) {
                lock(&heard).extend_from_slice(&piece[..length]);
            }
            // The turn may be over.
            let _ = ended.send(Signal::Silent);
        });
        let exited = inbox.sender();
        thread::spawn(move || {
            let status: Option<ExitStatus> = child.wait().ok();
            // The turn may be over.
            let _ = exited.send(Signal::Exited(status));
        });
        Ok(Self { group, output })
    }

    /// Kills the whole group and waits for its leader.
    fn kill(&self, inbox: &mut Inbox) {
        // It may be gone by itself.
        let _ = kill_process_group(self.group, UnixSignal::KILL);
        inbox.ignore_cancel();
        let _ = inbox.wait(|signal| matches!(signal, Signal::Exited(_)).then_some(()));
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&lock(&self.output)).into_owned()
    }
}

fn lock(output: &Mutex<Vec<u8>>) -> std::sync::MutexGuard<'_, Vec<u8>> {
    output.lock().expect("nobody panics while copying bytes")
}
