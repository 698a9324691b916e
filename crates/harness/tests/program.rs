//! The harness as a program of its own: `vwm-harness`, as it stands beside an engine in an image.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use vwm_api::SessionId;
use vwm_api::harness::{Boot, Health};

const TOKEN: &str = "token-of-this-job";

fn start(volume: &Path, socket: &Path, session: SessionId) -> Child {
    let mut harness = Command::new(env!("CARGO_BIN_EXE_vwm-harness"))
        .arg("harness")
        .args([Path::new("--volume"), volume, Path::new("--socket"), socket])
        .env_clear()
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the harness starts");
    let boot = Boot {
        session,
        generation: 7,
        stored_n: 0,
        token: TOKEN.into(),
    };
    let mut stdin = harness.stdin.take().expect("stdin is piped");
    writeln!(
        stdin,
        "{}",
        serde_json::to_string(&boot).expect("serializes")
    )
    .expect("it reads");
    harness
}

/// Asks once it listens; gives the status line and the body.
fn ask(socket: &Path, token: &str) -> (String, String) {
    let until = Instant::now() + Duration::from_secs(20);
    let mut stream = loop {
        match UnixStream::connect(socket) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < until, "it does not listen: {error}"),
        }
        std::thread::yield_now();
    };
    write!(
        stream,
        "GET /health HTTP/1.1\r\nhost: harness\r\nauthorization: Bearer {token}\r\nx-vwm-generation: 7\r\nconnection: close\r\n\r\n"
    )
    .expect("it reads");
    let mut answer = BufReader::new(stream);
    let mut status = String::new();
    answer.read_line(&mut status).expect("it answers");
    let mut rest = String::new();
    answer.read_to_string(&mut rest).expect("it answers");
    let body = rest.split_once("\r\n\r\n").expect("a head and a body").1;
    (status.trim().to_owned(), body.to_owned())
}

#[test]
fn the_program_serves_its_session_to_who_has_the_token_and_ends_cleanly_when_it_is_asked_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let session = SessionId::new();
    // Whoever starts it made the volume: it never makes one that was removed meanwhile.
    let volume = folder.path().join("volume");
    std::fs::create_dir(&volume).expect("makes it");
    let mut harness = start(&volume, &socket, session);
    assert_eq!(ask(&socket, "another").0, "HTTP/1.1 401 Unauthorized");
    let (status, body) = ask(&socket, TOKEN);
    assert_eq!(status, "HTTP/1.1 200 OK");
    let health: Health = serde_json::from_str(&body).expect("it tells its health");
    let told = Health {
        protocol: vwm_api::HARNESS_PROTOCOL,
        session,
        generation: 7,
        pid: harness.id(),
        last_n: 0,
    };
    assert_eq!(health, told);
    let pid = Pid::from_raw(harness.id().cast_signed()).expect("not 0");
    kill_process(pid, Signal::TERM).expect("it is ours");
    let status = harness.wait().expect("it ends");
    assert!(status.success(), "{status}");
}
