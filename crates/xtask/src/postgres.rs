//! A PostgreSQL server for tests, in a folder of its own: it loses everything at its end, and ends with whoever started it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::packages;
use crate::step::{answers, command, execute};

/// What says to tests where it is.
pub(crate) const VARIABLE: &str = "VWM_TEST_POSTGRES";

/// It knows nothing worth hiding, and other users of the machine shall not use it all the same.
const PASSWORD: &str = "test";
const START_MAX: Duration = Duration::from_secs(60);

/// Starts the server below itself and waits for it; whatever ends that, and a signal too, ends the server and removes the folder.
/// USR1 kills the server, as an accident does, and USR2 starts it again.
const KEEPER: &str = r#"
trap 'over=1; kill -INT "$server" 2>/dev/null' INT TERM HUP
trap 'away=1; kill -QUIT "$server" 2>/dev/null' USR1
trap 'away=' USR2
folder=$1; shift
while [ -z "$over" ]; do
  "$@" &
  server=$!
  while kill -0 "$server" 2>/dev/null; do wait "$server"; done
  [ -n "$away" ] || break
  while [ -n "$away" ] && [ -z "$over" ]; do sleep 0.05; done
done
rm -rf "$folder"
"#;

/// A running server; dropping it ends it.
pub(crate) struct Postgres {
    keeper: Child,
    /// Where it is, as a role that may make databases.
    pub(crate) url: String,
}

impl Postgres {
    /// Makes a server for tests and waits until it lets us in.
    pub(crate) fn start() -> Result<Self> {
        Self::start_with(&QUICK)
    }

    /// Likewise one that keeps what it commits, as one does that is worth measuring.
    pub(crate) fn start_durable() -> Result<Self> {
        Self::start_with(&[])
    }

    fn start_with(more: &[&str]) -> Result<Self> {
        let programs = programs()?.context("PostgreSQL's server programs are not installed")?;
        let folder = tempfile::Builder::new().prefix("vwm-postgres-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let user = user(&folder)?;
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).context("cannot write the password")?;
        let mut init = user.command("");
        init.arg(programs.join("initdb"));
        init.args([
            "--username=vwm",
            "--auth=md5",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        init.arg("--pwfile")
            .arg(&password)
            .arg("--pgdata")
            .arg(&data);
        // It says what it does, at length.
        init.stdout(Stdio::null());
        execute(&mut init, "look at what initdb said above")?;
        let port = free_port()?;
        let log = fs::File::create(folder.path().join("log")).context("cannot make a log")?;
        let keeper = user
            .command("--pdeathsig TERM")
            .args(["sh", "-c", KEEPER, "keeper"])
            .arg(folder.path())
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(settings(port).iter().flat_map(|setting| ["-c", setting]))
            .args(more.iter().flat_map(|setting| ["-c", setting]))
            .stdout(log.try_clone().context("cannot share the log")?)
            .stderr(log)
            .spawn()
            .context("cannot start PostgreSQL")?;
        let mut server = Self {
            keeper,
            url: format!("postgres://vwm:{PASSWORD}@127.0.0.1:{port}/postgres"),
        };
        server.ready(&programs, port, folder.path())?;
        // The keeper removes it.
        let _ = folder.keep();
        Ok(server)
    }

    /// The command that takes it away, as an accident does, and the one that brings it back.
    pub(crate) fn outage(&self) -> [String; 2] {
        let keeper = self.keeper.id();
        [
            format!("kill -USR1 {keeper}"),
            format!("kill -USR2 {keeper}"),
        ]
    }

    /// Waits for its end: a signal to both, as Ctrl-C is one, or an accident.
    pub(crate) fn wait(mut self) -> Result<()> {
        self.keeper.wait().context("cannot wait for PostgreSQL")?;
        Ok(())
    }

    fn ready(&mut self, programs: &Path, port: u16, folder: &Path) -> Result<()> {
        let until = Instant::now() + START_MAX;
        loop {
            let mut asks = Command::new(programs.join("pg_isready"));
            asks.args(["--quiet", "--host=127.0.0.1"])
                .arg(format!("--port={port}"));
            if asks.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            let ended = self
                .keeper
                .try_wait()
                .context("cannot look after PostgreSQL")?;
            if ended.is_some() || Instant::now() > until {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                bail!("PostgreSQL does not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let ends = command(&format!("kill -TERM {}", self.keeper.id())).status();
        if let Err(error) = ends.and_then(|_| self.keeper.wait()) {
            eprintln!("PostgreSQL may be left behind: {error}");
        }
    }
}

/// What makes it quick where it has nothing to lose.
const QUICK: [&str; 2] = ["fsync=off", "full_page_writes=off"];

fn settings(port: u16) -> [String; 9] {
    [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        "max_connections=300".to_owned(),
        "wal_level=minimal".to_owned(),
        "max_wal_senders=0".to_owned(),
        "max_wal_size=256MB".to_owned(),
        "password_encryption=md5".to_owned(),
        "jit=off".to_owned(),
    ]
}

/// The newest of Debian's, or what is in the path.
pub(crate) fn programs() -> Result<Option<PathBuf>> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").exists())
        .collect();
    found.sort();
    if let Some((_, newest)) = found.pop() {
        return Ok(Some(newest));
    }
    let told = command("pg_config --bindir").stderr(Stdio::null()).output();
    let told = told.ok().filter(|told| told.status.success());
    let folder = told.and_then(|told| String::from_utf8(told.stdout).ok());
    let folder = folder.map(|folder| PathBuf::from(folder.trim()));
    Ok(folder.filter(|folder| folder.join("initdb").exists()))
}

/// Who the server runs as: it refuses to be root's.
struct User(Option<(&'static str, &'static str)>);

fn user(folder: &TempDir) -> Result<User> {
    if !packages::is_root()? {
        return Ok(User(None));
    }
    // Debian's package makes the first.
    let (name, group) = if answers("id -u postgres")? {
        ("postgres", "postgres")
    } else {
        ("nobody", "nogroup")
    };
    let mut give = command(&format!("chown {name}"));
    execute(give.arg(folder.path()), "chown belongs to coreutils")?;
    Ok(User(Some((name, group))))
}

impl User {
    /// What starts a program as this user, with further options of setpriv.
    fn command(&self, options: &str) -> Command {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(options.split(' ').filter(|option| !option.is_empty()));
        if let Some((name, group)) = self.0 {
            setpriv.arg(format!("--reuid={name}"));
            setpriv.arg(format!("--regid={group}"));
            setpriv.arg("--clear-groups");
        }
        setpriv.arg("--").current_dir("/").stdin(Stdio::null());
        setpriv
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr().context("a port has a number")?.port())
}
