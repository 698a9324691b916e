//! The gates of a model server, as a client that waits at one: a plain HTTP request whose answer comes when the gate is open.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use super::inbox::{Inbox, Signal};
use super::turn::Break;

/// Waits until the gate is open; a cancelled wait hangs up.
pub(super) fn hold(control: Option<&str>, name: &str, inbox: &mut Inbox) -> Result<(), Break> {
    let failed = |fault: String| Break::Failed(format!("cannot hold at {name}: {fault}"));
    let authority = control.and_then(authority).ok_or_else(|| {
        failed(
            "the script names no model server; add \"control\": \"http://127.0.0.1:PORT\"".into(),
        )
    })?;
    let stream = ask(authority, name)
        .map_err(|fault| failed(format!("the model server {authority}: {fault}")))?;
    let answer = stream
        .try_clone()
        .map_err(|fault| failed(fault.to_string()))?;
    let released = inbox.sender();
    thread::spawn(move || {
        // The turn may be over.
        let _ = released.send(Signal::Released(wait(answer)));
    });
    let waited = inbox.wait(|signal| match signal {
        Signal::Released(result) => Some(result),
        _ => None,
    });
    match waited {
        Ok(result) => result.map_err(failed),
        Err(cancelled) => {
            // The other side may have hung up first.
            let _ = stream.shutdown(Shutdown::Both);
            Err(cancelled.into())
        }
    }
}

/// Returns `127.0.0.1:PORT` of `http://127.0.0.1:PORT/`.
pub(super) fn authority(url: &str) -> Option<&str> {
    let authority = url.strip_prefix("http://")?.trim_end_matches('/');
    let (host, port) = authority.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok();
    (is_port && !host.is_empty() && !host.contains('/')).then_some(authority)
}

fn ask(authority: &str, name: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(authority)?;
    let path = encode(name);
    let request = format!(
        "POST /__hold/{path} HTTP/1.1\r\nhost: {authority}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

fn wait(mut stream: TcpStream) -> Result<(), String> {
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .map_err(|fault| fault.to_string())?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    Err(format!("the model server answered {status:?}"))
}

fn encode(name: &str) -> String {
    let bytes = name.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}
