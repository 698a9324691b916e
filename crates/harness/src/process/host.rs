//! Starts programs under a supervisor.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::running::Control;
use super::{Launch, Process, ProcessError};
use crate::supervisor::Confinement;
use crate::supervisor::message::{self, Order, Reply};

/// How long a supervisor may take to build the wall and start the program.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// Where and how the session's programs are started.
#[derive(Debug, Clone)]
pub struct Host {
    /// A binary whose `main` begins with [`crate::supervisor::dispatch`]; see [`Host::new`].
    pub exe: PathBuf,
    /// The file that each supervisor locks while anything below it lives; see [`crate::supervisor::wait_for_engines`].
    pub lock: PathBuf,
    /// The wall.
    pub confinement: Confinement,
}

/// A supervisor that has its order, and our ends of the program's sockets.
struct Begun {
    supervisor: Child,
    control: UnixStream,
    stdio: [UnixStream; 3],
}

impl Host {
    /// Starts programs under this very binary, also when its file was replaced.
    #[must_use]
    pub fn new(lock: PathBuf, confinement: Confinement) -> Self {
        Self {
            exe: PathBuf::from("/proc/self/exe"),
            lock,
            confinement,
        }
    }

    /// Starts a program behind the wall. When this is given up half-way, nothing of the program stays.
    ///
    /// # Errors
    /// [`ProcessError::Start`] when the program cannot be started, [`ProcessError::Supervisor`] when nothing can.
    pub async fn start(&self, launch: &Launch) -> Result<Process, ProcessError> {
        let failed = |source| ProcessError::Supervisor {
            program: launch.program.display().to_string(),
            source,
        };
        let order = Order {
            launch: launch.clone(),
            confinement: self.confinement.clone(),
            lock: self.lock.clone(),
        };
        let exe = self.exe.clone();
        let Begun {
            supervisor,
            control,
            stdio: [stdin, stdout, stderr],
        } = tokio::task::spawn_blocking(move || begin(&exe, &order))
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(failed)?;
        let mut control = Control::new(control).map_err(failed)?;
        match tokio::time::timeout(START_DEADLINE, control.reply()).await {
            Ok(Ok(Reply::Started(pid))) => Ok(Process {
                pid,
                stdin: Some(to_tokio(stdin).map_err(failed)?),
                stdout: Some(to_tokio(stdout).map_err(failed)?),
                stderr: Some(to_tokio(stderr).map_err(failed)?),
                control,
                supervisor,
                exit: None,
            }),
            Ok(Ok(Reply::Failed(why))) => Err(ProcessError::Start {
                program: launch.program.display().to_string(),
                why,
            }),
            Ok(Ok(Reply::Exited(_))) => Err(failed(io::ErrorKind::InvalidData.into())),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(failed(io::ErrorKind::TimedOut.into())),
        }
    }
}

/// Starts a supervisor and gives it its order. Whatever fails drops the control socket, by which the supervisor ends.
fn begin(exe: &Path, order: &Order) -> io::Result<Begun> {
    let (control, theirs) = UnixStream::pair()?;
    // Sockets, because a pipe could be opened again by any process of the same user.
    let (stdin, their_stdin) = UnixStream::pair()?;
    let (stdout, their_stdout) = UnixStream::pair()?;
    let (stderr, their_stderr) = UnixStream::pair()?;
    let supervisor = Command::new(exe)
        // Who looks for it with ps finds it by this name.
        .arg0("vwm")
        .arg("supervise")
        .env_clear()
        .current_dir("/")
        .stdin(OwnedFd::from(theirs))
        .stdout(io::stderr().as_fd().try_clone_to_owned()?)
        .stderr(Stdio::inherit())
        .spawn()?;
    let ends = [
        their_stdin.as_fd(),
        their_stdout.as_fd(),
        their_stderr.as_fd(),
    ];
    message::send(&control, order, &ends)?;
    Ok(Begun {
        supervisor,
        control,
        stdio: [stdin, stdout, stderr],
    })
}

fn to_tokio(socket: UnixStream) -> io::Result<tokio::net::UnixStream> {
    socket.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(socket)
}
