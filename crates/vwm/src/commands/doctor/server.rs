//! The server of the data directory, its database and its port; and the server elsewhere that commands are told to use.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use rustix::fs::Access;
use rustix::process::{Pid, test_kill_process};
use vwm_client::{Client, ClientError};
use vwm_server::config::DatabaseUrl;

use super::check::Check;
use crate::connect::{self, Context, ServerFile};
use crate::output::numbers;

const PATIENCE: Duration = Duration::from_secs(5);
const VERSION: &str = env!("CARGO_PKG_VERSION");
const START: &str = "start it again: `vwm server` goes on with what the last one began";

/// Whether a server runs on the data directory.
pub(super) enum Running {
    /// None, and none was killed.
    No,
    /// It was killed.
    Gone(ServerFile),
    /// Its process is there, and does not answer.
    Silent(ServerFile),
    /// It answers, and says whether it can work.
    Answers(ServerFile, Result<(), String>),
    /// Nobody knows.
    Unknown(String),
}

/// Asks the server that `server.json` tells of.
pub(super) async fn find(data_dir: Option<&Path>) -> Running {
    let Some(data_dir) = data_dir else {
        return Running::No;
    };
    let file = match connect::server_file(data_dir) {
        Ok(Some(file)) => file,
        Ok(None) => return Running::No,
        Err(error) => return Running::Unknown(error.to_string()),
    };
    // Whether it is ready it tells without a key.
    let asked = match Client::new(&file.url, "") {
        Ok(client) => soon(async move { client.ready().await }).await,
        Err(error) => return Running::Unknown(error.to_string()),
    };
    match asked {
        Some(Ok(())) => Running::Answers(file, Ok(())),
        Some(Err(error)) if error.status().is_some() => {
            Running::Answers(file, Err(error.to_string()))
        }
        _ if is_alive(file.pid) => Running::Silent(file),
        _ => Running::Gone(file),
    }
}

async fn soon<T>(
    asked: impl Future<Output = Result<T, ClientError>>,
) -> Option<Result<T, ClientError>> {
    tokio::time::timeout(PATIENCE, asked).await.ok()
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // One of another user may not be asked, and is there.
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

/// The server, or where one would listen.
pub(super) fn server(running: &Running, listen: SocketAddr) -> Check {
    match running {
        Running::Answers(file, _) if file.version != VERSION => Check::warn(
            "server",
            format!(
                "{} is version {}, and this program is {VERSION}",
                file.url, file.version
            ),
            "restart the server: its sessions go on",
        ),
        Running::Answers(file, _) => Check::ok(
            "server",
            format!("{} answers, version {}", file.url, file.version),
        ),
        Running::Silent(file) => Check::fail(
            "server",
            format!(
                "process {} is there, and {} does not answer",
                file.pid, file.url
            ),
            "look at its log; stop it, and start it again",
        ),
        Running::Unknown(why) => Check::fail(
            "server",
            why,
            "stop the server if one runs, remove server.json, and start it again",
        ),
        Running::No | Running::Gone(_) => match (bind(listen), running) {
            (Err(check), _) => check,
            (Ok(port), Running::Gone(file)) => Check::warn(
                "server",
                format!("process {} is gone without a clean stop; {port}", file.pid),
                START,
            ),
            (Ok(port), _) => Check::ok("server", format!("none runs; {port}")),
        },
    }
}

/// Takes the port for a moment.
fn bind(listen: SocketAddr) -> Result<String, Check> {
    if listen.port() == 0 {
        return Ok("it would choose a free port".to_owned());
    }
    match TcpListener::bind(listen) {
        Ok(_) => Ok(format!("{listen} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(Check::fail(
            "server",
            format!("none runs on this data directory, and {listen} is in use"),
            "stop what listens there, name its data directory with --data-dir if it is VWM, \
             or choose another address with VWM_LISTEN",
        )),
        Err(error) => Err(Check::fail(
            "server",
            format!("none runs, and none can listen on {listen}: {error}"),
            "choose another address with --listen or VWM_LISTEN",
        )),
    }
}

/// The database: a server that runs is asked; otherwise PostgreSQL is connected to, and SQLite's file is looked at and not opened as one,
/// which would write beside it.
pub(super) async fn database(
    running: &Running,
    database_url: Option<&DatabaseUrl>,
    data_dir: Option<&Path>,
) -> Check {
    match running {
        Running::Answers(_, Ok(())) => Check::ok("database", "the server reads and writes it"),
        Running::Answers(_, Err(why)) => Check::fail(
            "database",
            format!("the server is not ready: {why}"),
            "look at the disk and at the server's log",
        ),
        Running::No | Running::Gone(_) | Running::Silent(_) | Running::Unknown(_) => {
            match (database_url, data_dir) {
                (Some(url), _) => postgres(url).await,
                (None, Some(data_dir)) => database_file(&data_dir.join("vwm.db")),
                (None, None) => Check::ok("database", "there is none yet"),
            }
        }
    }
}

async fn postgres(url: &DatabaseUrl) -> Check {
    match vwm_store::look_at_postgres(url.expose()).await {
        Ok(place) => Check::ok("database", format!("PostgreSQL answers: {place}")),
        Err(error) => Check::fail(
            "database",
            vwm_api::chain(&error),
            "until then `vwm server` waits for it, or does not start",
        ),
    }
}

fn database_file(path: &Path) -> Check {
    let shown = path.display();
    let fail = |what: String, todo: &str| Check::fail("database", format!("{shown} {what}"), todo);
    let (beginning, size) = match beginning(path) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::ok("database", "there is none yet; the first start makes it");
        }
        Err(error) => return fail(format!("cannot be read: {error}"), "is it yours?"),
    };
    if let Err(error) = rustix::fs::access(path, Access::WRITE_OK) {
        return fail(
            format!("cannot be written: {error}"),
            "make it writable; is it yours?",
        );
    }
    const RESTORE: &str = "restore the data directory from a backup, or name another";
    // An empty one is a database without tables.
    if size > 0 && !beginning.starts_with(b"SQLite format 3\0") {
        return fail("is no SQLite database".to_owned(), RESTORE);
    }
    // What is only in the log beside it may be what is missing here.
    let has_log = path
        .with_extension("db-wal")
        .metadata()
        .is_ok_and(|it| it.len() > 0);
    if !has_log && size < told_size(&beginning) {
        return fail("is cut off".to_owned(), RESTORE);
    }
    Check::ok(
        "database",
        format!(
            "SQLite, {}, readable and writable; no server has it open",
            numbers::bytes(size)
        ),
    )
}

/// The first bytes of a file, and how many it has.
fn beginning(path: &Path) -> io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(100).read_to_end(&mut bytes)?;
    Ok((bytes, size))
}

/// How long the database says that it is: pages and their size, where the count is of the last write.
fn told_size(header: &[u8]) -> u64 {
    let number = |at: usize| {
        let bytes = header.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    let page = || {
        let bytes = header.get(16..18)?.try_into().ok()?;
        match u16::from_be_bytes(bytes) {
            1 => Some(65_536),
            size => Some(u64::from(size)),
        }
    };
    match (page(), number(28), number(24), number(92)) {
        (Some(page), Some(pages), changes, valid_for) if changes == valid_for => {
            page * u64::from(pages)
        }
        _ => 0,
    }
}

/// The server that `VWM_URL` names, where the commands would use it.
pub(super) async fn elsewhere(context: &Context) -> Option<Check> {
    const NAME: &str = "VWM_URL";
    let url = context.env.url.as_ref()?;
    if context.data_dir.is_some() {
        return None;
    }
    let Some(key) = &context.env.api_key else {
        let todo = "set VWM_API_KEY to one of that server's keys";
        return Some(Check::fail(NAME, "is set, and VWM_API_KEY is not", todo));
    };
    // The address may hold a password: it is not repeated.
    let Ok(client) = Client::new(url, key) else {
        let todo = "set it to one that looks like http://127.0.0.1:7420, or unset it";
        return Some(Check::fail(NAME, "is not the address of a server", todo));
    };
    Some(match soon(async move { client.status().await }).await {
        Some(Ok(status)) => Check::ok(NAME, format!("answers, version {}", status.version)),
        Some(Err(error)) if error.status() == Some(401) => Check::fail(
            NAME,
            "answers, and does not know VWM_API_KEY",
            "set VWM_API_KEY to one of that server's keys",
        ),
        Some(Err(error)) if error.status().is_some() => Check::fail(
            NAME,
            "answers, and not as a VWM server that is well",
            "look at that server's log; is it one?",
        ),
        Some(Err(_)) | None => Check::fail(
            NAME,
            "does not answer",
            "start that server, or unset VWM_URL to use the one of the data directory",
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::check::State;
    use super::*;

    fn file(version: &str) -> ServerFile {
        ServerFile {
            url: "http://127.0.0.1:9".to_owned(),
            pid: 7,
            version: version.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_database_that_refuses_is_told_without_its_password() {
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let url = format!("postgres://vwm:s3cret@127.0.0.1:{port}/vwm");
        let url = DatabaseUrl::parse(url).unwrap();
        let told = database(&Running::No, Some(&url), None).await;
        let told = format!("{told:?}");
        assert!(
            told.contains("Fail") && told.contains(&port.to_string()),
            "{told}"
        );
        assert!(!told.contains("s3cret"), "{told}");
    }

    #[tokio::test]
    async fn a_server_answers_is_silent_or_was_killed() {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let state = |running: &Running| server(running, any).state;
        assert_eq!(state(&Running::Answers(file(VERSION), Ok(()))), State::Ok);
        assert_eq!(state(&Running::Answers(file("0"), Ok(()))), State::Warn);
        assert_eq!(state(&Running::Gone(file(VERSION))), State::Warn);
        assert_eq!(state(&Running::Silent(file(VERSION))), State::Fail);
        let why = "the database does not answer".to_owned();
        let unready = Running::Answers(file(VERSION), Err(why));
        assert_eq!(database(&unready, None, None).await.state, State::Fail);
        let taken = TcpListener::bind(any).unwrap();
        let taken = server(&Running::No, taken.local_addr().unwrap());
        assert_eq!(taken.state, State::Fail);
    }

    #[test]
    fn a_database_is_looked_at_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vwm.db");
        let check = |content: &[u8]| {
            fs::write(&path, content).unwrap();
            database_file(&path)
        };
        assert_eq!(database_file(&path).state, State::Ok);
        assert!(!path.exists());
        assert_eq!(check(b"").state, State::Ok);
        assert!(check(b"hello").found.ends_with("is no SQLite database"));
        let mut whole = b"SQLite format 3\0".to_vec();
        whole.resize(8192, 0);
        whole[16..18].copy_from_slice(&4096_u16.to_be_bytes());
        whole[28..32].copy_from_slice(&2_u32.to_be_bytes());
        assert_eq!(check(&whole).state, State::Ok);
        assert!(check(&whole[..4096]).found.ends_with("is cut off"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
