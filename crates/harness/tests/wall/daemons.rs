//! Whatever hides, nothing of a program outlives it.

use std::io::{BufRead, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::io::{AsyncReadExt, BufReader};
use vwm_harness::process::{Exit, Process};
use vwm_harness::supervisor::wait_for_engines;

use crate::kit::{self, SOON, Session, line};

/// Prints the pid of a process that forked twice, in a session of its own, without environment, folder or descriptors; and,
/// when all between them have ended, `ready`. Then it waits for the end of its input.
const DAEMON: &str = r#"
    setsid env -i /bin/sh -c '(/bin/sh -c "cd /; echo \$\$; exec /usr/bin/env -i /bin/sleep 1000 <&- >&- 2>&-" &)'
    echo ready
    read line
    exit 5
"#;

struct Daemon(OwnedFd);

impl Daemon {
    fn find(pid: &str) -> Self {
        let pid = Pid::from_raw(pid.parse().expect("a pid")).expect("not 0");
        Self(rustix::process::pidfd_open(pid, PidfdFlags::empty()).expect("the daemon lives"))
    }

    fn is_gone_within(&self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).expect("a time");
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        rustix::event::poll(&mut fds, Some(&patience)).expect("a pidfd can be polled") == 1
    }
}

async fn daemon_of(process: &mut Process) -> String {
    let mut stdout = BufReader::new(process.stdout());
    let mut lines = [line(&mut stdout).await, line(&mut stdout).await];
    lines.sort();
    let [pid, ready] = lines;
    assert_eq!(ready, "ready");
    pid
}

async fn start(session: &Session) -> (Process, Daemon) {
    let mut process = session
        .host
        .start(&session.shell(DAEMON))
        .await
        .expect("a shell starts");
    let pid = daemon_of(&mut process).await;
    let daemon = Daemon::find(&pid);
    assert!(!daemon.is_gone_within(Duration::ZERO));
    (process, daemon)
}

#[tokio::test]
async fn a_daemon_is_gone_when_its_engine_is_killed() {
    let session = Session::new();
    let (mut process, daemon) = start(&session).await;
    let exit = process.kill().await;
    assert!(daemon.is_gone_within(Duration::ZERO));
    assert_eq!(
        exit,
        Exit {
            code: None,
            signal: Some(9),
            leftovers: 1
        }
    );
    assert_eq!(process.kill().await, exit, "killing twice answers twice");
}

#[tokio::test]
async fn a_daemon_is_gone_when_its_engine_ends_by_itself() {
    let session = Session::new();
    let (mut process, daemon) = start(&session).await;
    drop(process.stdin());
    let exit = process.exited().await;
    assert!(daemon.is_gone_within(Duration::ZERO));
    assert_eq!(
        exit,
        Exit {
            code: Some(5),
            signal: None,
            leftovers: 1
        }
    );
}

#[tokio::test]
async fn a_daemon_is_gone_when_nobody_wants_its_engine_any_more() {
    let session = Session::new();
    let (process, daemon) = start(&session).await;
    drop(process);
    assert!(daemon.is_gone_within(SOON));
}

#[test]
fn a_daemon_is_gone_when_its_starter_is_killed() {
    let session = Session::new();
    let mut starter = Command::new(std::env::current_exe().expect("this test is a program"))
        .args(["--exact", "daemons::starter", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test starts");
    let mut stdin = starter.stdin.take().expect("stdin is piped");
    writeln!(stdin, "{}", session.folder.path().display()).expect("it reads");
    let stdout = std::io::BufReader::new(starter.stdout.take().expect("stdout is piped"));
    let pids = stdout
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            line.split_once("started: ")
                .map(|(_, pids)| pids.to_owned())
        })
        .expect("it starts an engine");
    let living: Vec<Daemon> = pids.split(' ').map(Daemon::find).collect();
    assert_eq!(living.len(), 2);
    starter.kill().expect("it is ours");
    starter.wait().expect("it is ours");
    assert!(living.iter().all(|one| one.is_gone_within(SOON)));
    wait_for_engines(&session.host.lock, Instant::now() + SOON).expect("the supervisor ends, too");
}

/// Starts an engine with a daemon in the folder that it reads from its input, and waits to be killed.
#[tokio::test]
#[ignore = "a part of another test, which starts it"]
async fn starter() {
    let mut folder = String::new();
    std::io::stdin().read_line(&mut folder).unwrap();
    if folder.is_empty() {
        return;
    }
    let folder = std::path::Path::new(folder.trim_end());
    let mut process = kit::host(folder)
        .start(&kit::shell(folder, DAEMON))
        .await
        .unwrap();
    let pid = daemon_of(&mut process).await;
    println!("started: {} {pid}", process.pid);
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn an_engine_dies_with_its_supervisor_which_only_its_pid_reaches() {
    let session = Session::new();
    let (mut process, daemon) = start(&session).await;
    let ids = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        let fields = stat.split(' ').skip(3).take(3);
        fields
            .map(|field| field.parse().expect("a pid"))
            .collect::<Vec<i32>>()
    };
    let supervisor = ids(process.pid.cast_signed())[0];
    let [_, group, session_id] = ids(supervisor)[..] else {
        panic!("a parent, a group and a session")
    };
    assert_eq!((group, session_id), (supervisor, supervisor));
    let pid = Pid::from_raw(supervisor).expect("not 0");
    rustix::process::kill_process(pid, Signal::KILL).expect("it is ours");
    let exit = process.exited().await;
    assert_eq!(
        exit,
        Exit {
            code: None,
            signal: Some(9),
            leftovers: 0
        }
    );
    // What nobody catches at this level, and the wall's list says so.
    assert!(!daemon.is_gone_within(Duration::ZERO));
    rustix::process::pidfd_send_signal(&daemon.0, Signal::KILL).expect("it is ours");
}

#[tokio::test]
async fn a_process_that_hops_from_pid_to_pid_is_caught() {
    let session = Session::new();
    // Each starts the next one and ends; bounded, in case it is not caught.
    std::fs::write(
        session.path("workspace/hop"),
        "trap '' HUP INT TERM\n[ $1 -ne 2950 ] || echo hopping\n[ $1 -gt 0 ] || exit\nsetsid sh hop $(($1 - 1)) &\n",
    )
    .unwrap();
    let launch = session.shell("for i in 1 2 3 4; do sh hop 3000 & done; read line");
    let mut process = session.host.start(&launch).await.unwrap();
    let mut stdout = BufReader::new(process.stdout());
    assert_eq!(line(&mut stdout).await, "hopping");
    process.kill().await;
    // All of them hold it, so its end is theirs.
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(1), stdout.read_to_end(&mut rest))
        .await
        .expect("nobody holds the output any more")
        .unwrap();
}

#[tokio::test]
async fn the_next_generation_waits_for_the_engines_of_the_last() {
    let session = Session::new();
    let (mut process, _daemon) = start(&session).await;
    let early = wait_for_engines(&session.host.lock, Instant::now()).unwrap_err();
    assert_eq!(early.kind(), std::io::ErrorKind::TimedOut);
    process.kill().await;
    wait_for_engines(&session.host.lock, Instant::now()).unwrap();
}
