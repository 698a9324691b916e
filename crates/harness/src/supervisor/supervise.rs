//! The part `supervise`: starts one program behind its wall, watches who asked for it, and ends when nothing of it lives.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, WaitStatus};

use super::message::{self, Order, Reply, StageOrder};
use super::stage::{CANNOT_RUN, READY};
use super::{lineage, lock};
use crate::process::Exit;

/// How often orphans that ended are collected.
const REAP_EVERY: Duration = Duration::from_secs(2);
/// How long a program may go on whose output nobody reads any more.
const UNREAD_GRACE: Duration = Duration::from_secs(5);

/// Runs the part: without arguments by the socket on standard input, with `--launch FILE [-- ARGUMENT…]` by that file.
pub(super) fn main(arguments: &[OsString]) -> ExitCode {
    // Refused only to the leader of a group, which is out of reach of the starter's group already.
    let _ = rustix::process::setsid();
    let ended = match arguments {
        [] => by_socket(),
        [option, file, extra @ ..] if option == "--launch" => by_file(file, extra),
        _ => Err("usage: supervise [--launch FILE [-- ARGUMENT…]]".to_owned()),
    };
    ended.unwrap_or_else(|why| {
        eprintln!("supervisor: {why}");
        ExitCode::from(CANNOT_RUN)
    })
}

fn by_socket() -> Result<ExitCode, String> {
    let control = own(io::stdin().as_fd()).map(UnixStream::from)?;
    let (order, stdio): (Order, _) =
        message::receive(&control).map_err(|error| format!("no order came: {error}"))?;
    let say = |reply: &Reply| {
        let line = serde_json::to_string(reply).expect("a reply is plain data");
        // Whoever asked may be gone; what is left to do is the same.
        let _ = (&control).write_all(format!("{line}\n").as_bytes());
    };
    let leash = Leash {
        watched: control.as_fd(),
        events: PollFlags::IN,
        grace: Duration::ZERO,
    };
    match run(order, stdio, &leash, |pid| say(&Reply::Started(pid))) {
        Ok(exit) => say(&Reply::Exited(exit)),
        Err(why) => say(&Reply::Failed(why)),
    }
    Ok(ExitCode::SUCCESS)
}

fn by_file(file: &OsString, extra: &[OsString]) -> Result<ExitCode, String> {
    let content =
        std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let mut order: Order = serde_json::from_slice(&content)
        .map_err(|error| format!("{} is not an order: {error}", file.display()))?;
    let extra = match extra {
        [dashes, extra @ ..] if dashes == "--" => extra,
        extra => extra,
    };
    for argument in extra {
        let argument = argument
            .to_str()
            .ok_or_else(|| format!("an argument is not UTF-8: {}", argument.display()))?;
        order.launch.args.push(argument.to_owned());
    }
    let program = order.launch.program.clone();
    let stdio = [
        own(io::stdin().as_fd())?,
        own(io::stdout().as_fd())?,
        own(io::stderr().as_fd())?,
    ];
    let output = own(io::stdout().as_fd())?;
    let leash = Leash {
        watched: output.as_fd(),
        events: PollFlags::empty(),
        grace: UNREAD_GRACE,
    };
    let exit = run(order, stdio, &leash, |_| {})
        .map_err(|why| format!("cannot start {}: {why}", program.display()))?;
    let code = exit.code.or(exit.signal.map(|signal| 128 + signal));
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// What says that nobody wants the program any more: such an event on a descriptor, or that its other end is gone.
struct Leash<'a> {
    watched: BorrowedFd<'a>,
    events: PollFlags,
    grace: Duration,
}

impl Leash<'_> {
    fn is_pulled(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.watched, self.events)];
        let now = Timespec::default();
        matches!(rustix::event::poll(&mut fds, Some(&now)), Ok(1..))
    }
}

/// Starts the program, and returns how it ended when nothing of it lives.
fn run(
    order: Order,
    stdio: [OwnedFd; 3],
    leash: &Leash<'_>,
    mut started: impl FnMut(u32),
) -> Result<Exit, String> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| format!("orphans cannot be adopted: {error}"))?;
    let _held = lock::hold(&order.lock)
        .map_err(|error| format!("the lock {}: {error}", order.lock.display()))?;
    // Only now: whoever waited for the lock before we held it has seen our starter die.
    if leash.is_pulled() {
        return Err("nobody wants it any more".to_owned());
    }
    let (mut stage, theirs) = UnixStream::pair().map_err(|error| error.to_string())?;
    let child = Command::new("/proc/self/exe")
        .arg("wall")
        .env_clear()
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("its wall cannot be built: {error}"))?;
    let main = Pid::from_child(&child);
    let order = StageOrder {
        launch: order.launch,
        confinement: order.confinement,
        supervisor: rustix::process::getpid().as_raw_nonzero().get(),
    };
    let [input, output, errors] = &stdio;
    // A stage that died says so below: by its silence.
    let _ = message::send(
        &stage,
        &order,
        &[input.as_fd(), output.as_fd(), errors.as_fd()],
    );
    // Whoever reads the program's output must see its end when the program ends, not when we do.
    drop(stdio);

    let mut said = Vec::new();
    let (status, is_started) = watch(main, &mut stage, &mut said, leash, &mut started);
    let swept = lineage::sweep(main, status);
    if !is_started {
        // Its writer is dead by now, so this ends; and if it cannot be read, it said nothing.
        let _ = stage.read_to_end(&mut said);
        judge(&said)?;
        started(child.id());
    }
    Ok(Exit {
        code: swept.status.and_then(WaitStatus::exit_status),
        signal: swept.status.and_then(WaitStatus::terminating_signal),
        leftovers: swept.leftovers,
    })
}

/// Waits until the main child ended, could not be started, or is not wanted any more; returns how it ended, if it did, and
/// whether it was told to have started.
fn watch(
    main: Pid,
    stage: &mut UnixStream,
    said: &mut Vec<u8>,
    leash: &Leash<'_>,
    started: &mut impl FnMut(u32),
) -> (Option<WaitStatus>, bool) {
    let mut is_started = false;
    let mut unwanted_since: Option<Instant> = None;
    let Ok(pidfd) = rustix::process::pidfd_open(main, PidfdFlags::empty()) else {
        return (None, false);
    };
    loop {
        let mut fds = vec![PollFd::new(&pidfd, PollFlags::IN)];
        if !is_started {
            fds.push(PollFd::new(stage, PollFlags::IN));
        }
        if unwanted_since.is_none() {
            fds.push(PollFd::from_borrowed_fd(leash.watched, leash.events));
        }
        let timeout = Timespec::try_from(REAP_EVERY).expect("seconds are a time");
        // An interrupted wait is one without news.
        let _ = rustix::event::poll(&mut fds, Some(&timeout));
        let has_exited = !fds[0].revents().is_empty();
        let has_said = !is_started && !fds[1].revents().is_empty();
        let is_unwanted =
            unwanted_since.is_none() && fds.last().is_some_and(|leash| !leash.revents().is_empty());
        if has_said && hear(stage, said) {
            if judge(said).is_err() {
                return (None, false);
            }
            is_started = true;
            started(main.as_raw_nonzero().get().cast_unsigned());
        }
        if is_unwanted {
            unwanted_since = Some(Instant::now());
        }
        let is_over = unwanted_since.is_some_and(|since| since.elapsed() >= leash.grace);
        let (status, has_children) = lineage::reap(main);
        if has_exited || is_over || status.is_some() || !has_children {
            return (status, is_started);
        }
    }
}

/// Takes what the stage says; true when that was all.
fn hear(stage: &mut UnixStream, said: &mut Vec<u8>) -> bool {
    let mut part = [0; 1024];
    match stage.read(&mut part) {
        Ok(0) => true,
        Ok(length) => {
            said.extend_from_slice(&part[..length]);
            false
        }
        Err(error) => error.kind() != io::ErrorKind::Interrupted,
    }
}

/// The stage's last words: ready and then silence, because its end of the socket closed as the program began.
fn judge(said: &[u8]) -> Result<(), String> {
    match said.strip_prefix(READY).unwrap_or(said) {
        [] if said.is_empty() => Err("it ended before it began".to_owned()),
        [] => Ok(()),
        why => Err(String::from_utf8_lossy(why).into_owned()),
    }
}

fn own(descriptor: BorrowedFd<'_>) -> Result<OwnedFd, String> {
    descriptor
        .try_clone_to_owned()
        .map_err(|error| format!("cannot keep a descriptor: {error}"))
}
