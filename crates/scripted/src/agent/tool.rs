//! What the agent does with files and itself, for real; a text comes out, or why not.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long the other side of a call may be silent.
const SILENCE: Duration = Duration::from_secs(10);

pub(super) fn write(cwd: &Path, path: &str, content: &str) -> Result<String, String> {
    let full = cwd.join(path);
    let folder = full.parent().unwrap_or(cwd);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&full, content))
        .map(|()| format!("wrote {path}"))
        .map_err(|fault| format!("cannot write {path}: {fault}"))
}

pub(super) fn read(cwd: &Path, path: &str) -> Result<String, String> {
    let bytes = fs::read(cwd.join(path)).map_err(|fault| format!("cannot read {path}: {fault}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Says something to an address or a socket, and returns what is said back.
pub(super) fn call(whom: &str, what: &str) -> Result<String, String> {
    let said = if whom.starts_with('/') {
        UnixStream::connect(whom).and_then(|socket| {
            socket.set_read_timeout(Some(SILENCE))?;
            exchange(socket, what)
        })
    } else {
        TcpStream::connect(whom).and_then(|socket| {
            socket.set_read_timeout(Some(SILENCE))?;
            exchange(socket, what)
        })
    };
    said.map_err(|fault| format!("cannot call {whom}: {fault}"))
}

fn exchange(mut socket: impl Read + Write, what: &str) -> io::Result<String> {
    socket.write_all(what.as_bytes())?;
    let mut back = Vec::new();
    socket.read_to_end(&mut back)?;
    Ok(String::from_utf8_lossy(&back).into_owned())
}

/// Returns the agent's own environment, then its command line, one entry a line.
pub(super) fn environment() -> Result<String, String> {
    let root = Path::new("/proc/self");
    let text = read(root, "environ")? + "\0" + &read(root, "cmdline")?;
    Ok(text.replace('\0', "\n"))
}
