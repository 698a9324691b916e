//! The stage `wall`: it takes everything away from itself that the engine must not have, and becomes the engine.

use std::convert::Infallible;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::fs::Mode;
use rustix::process::{Pid, Signal};

use super::message::{self, StageOrder};
use super::policy::Confinement;
use super::{calls, capabilities, landlock};
use crate::process::Launch;

/// What the stage says when nothing but the program itself can fail any more.
pub(super) const READY: &[u8] = b"ready\n";
/// A shell's code for a program that was found and could not be run.
pub(super) const CANNOT_RUN: u8 = 126;

/// Runs the stage: the supervisor is on its standard input.
pub(super) fn main() -> ExitCode {
    let supervisor = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(descriptor) => UnixStream::from(descriptor),
        Err(_) => return ExitCode::from(CANNOT_RUN),
    };
    let why = match message::receive::<StageOrder>(&supervisor) {
        Ok((order, stdio)) => match become_engine(&order, stdio, &supervisor) {
            Err(why) => why,
        },
        Err(_) => {
            eprintln!("`wall` is started by `supervise` and by nobody else");
            return ExitCode::from(CANNOT_RUN);
        }
    };
    // If nobody listens, nobody wants to know.
    let _ = (&supervisor).write_all(why.as_bytes());
    ExitCode::from(CANNOT_RUN)
}

fn become_engine(
    order: &StageOrder,
    [input, output, errors]: [OwnedFd; 3],
    mut supervisor: &UnixStream,
) -> Result<Infallible, String> {
    let launch = &order.launch;
    check(launch)?;
    std::env::set_current_dir(&launch.cwd).map_err(|error| {
        format!(
            "its folder {} cannot be entered: {error}",
            launch.cwd.display()
        )
    })?;
    rustix::process::setsid().map_err(|error| format!("it gets no session of its own: {error}"))?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    close_fds::set_fds_cloexec(3, &[]);
    match &order.confinement {
        Confinement::Ours => {}
        Confinement::None => give_up(|| Ok(()))?,
        Confinement::Landlock(policy) => give_up(|| landlock::enforce(policy))?,
    }
    // After the last change of credentials, which would take it away; and then the parent may be gone already.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("it cannot be tied to its supervisor: {error}"))?;
    if rustix::process::getppid() != Pid::from_raw(order.supervisor) {
        return Err("its supervisor is gone".to_owned());
    }
    supervisor
        .write_all(READY)
        .map_err(|error| format!("its supervisor is gone: {error}"))?;
    let error = Command::new(&launch.program)
        .args(&launch.args)
        .env_clear()
        .envs(&launch.env)
        .stdin(input)
        .stdout(output)
        .stderr(errors)
        .exec();
    Err(match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("{error}; it must be executable, and its folder open to the session")
        }
        io::ErrorKind::NotFound => {
            "the interpreter or loader that it names is not there".to_owned()
        }
        _ => error.to_string(),
    })
}

/// Gives up every privilege, with the wall built in between: it needs the first step and may need what the last one takes.
fn give_up(wall: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|error| format!("privileges cannot be given up: {error}"))?;
    wall()?;
    capabilities::empty().map_err(|error| format!("capabilities cannot be given up: {error}"))?;
    calls::refuse()
}

/// Says in plain words what `exec` would say in numbers, before the wall hides it.
fn check(launch: &Launch) -> Result<(), String> {
    if !launch.program.is_absolute() {
        return Err("its path is not absolute".to_owned());
    }
    match launch.program.metadata() {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err("it is not a file".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err("there is no such file; is it installed?".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}
