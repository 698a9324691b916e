//! What the machine can do at all: nothing that is built on it is faster.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::clock::{ms, now_ns};
use crate::sample::{Sample, Summary};

/// As much as an event has.
const MESSAGE: usize = 400;

/// The floors, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Floors {
    /// There and back through two pipes.
    pub(crate) pipe: Summary,
    /// There and back over loopback TCP.
    pub(crate) loopback: Summary,
    /// A process that ends at once.
    pub(crate) spawn: Summary,
    /// 512 bytes appended, and on the disk that the data directory is on.
    pub(crate) fdatasync: Summary,
}

/// Measures all of them; files are made in `folder`.
pub(crate) fn measure(folder: &Path, quick: bool) -> Result<Floors> {
    let few = |count: usize| if quick { count / 10 } else { count };
    Ok(Floors {
        pipe: pipe(few(10_000)).context("pipe")?,
        loopback: loopback(few(10_000)).context("loopback")?,
        spawn: spawn(few(300)).context("spawn")?,
        fdatasync: fdatasync(folder, few(500)).context("fdatasync")?,
    })
}

fn time(count: usize, mut work: impl FnMut() -> std::io::Result<()>) -> Result<Summary> {
    let mut sample = Sample::default();
    for _ in 0..count {
        let start = now_ns();
        work()?;
        sample.add(ms(now_ns() - start));
    }
    sample.summary().context("nothing was measured")
}

fn pipe(count: usize) -> Result<Summary> {
    let mut cat = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cat")?;
    let mut stdin = cat.stdin.take().expect("stdin is piped");
    let mut stdout = cat.stdout.take().expect("stdout is piped");
    let mut back = [0; MESSAGE];
    let summary = time(count, || {
        stdin.write_all(&[b'x'; MESSAGE])?;
        stdout.read_exact(&mut back)
    });
    // The end of its input ends it.
    drop(stdin);
    cat.wait()?;
    summary
}

fn loopback(count: usize) -> Result<Summary> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let echo = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut message = [0; MESSAGE];
        while stream.read_exact(&mut message).is_ok() {
            stream.write_all(&message)?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut back = [0; MESSAGE];
    let summary = time(count, || {
        stream.write_all(&[b'x'; MESSAGE])?;
        stream.read_exact(&mut back)
    });
    drop(stream);
    echo.join().expect("an echo does not panic")?;
    summary
}

fn spawn(count: usize) -> Result<Summary> {
    time(count, || {
        Command::new("true")
            .stdin(Stdio::null())
            .status()
            .map(|_| ())
    })
}

fn fdatasync(folder: &Path, count: usize) -> Result<Summary> {
    let path = folder.join("floor");
    let mut file = File::create(&path)?;
    let summary = time(count, || {
        file.write_all(&[b'x'; 512])?;
        file.sync_data()
    });
    std::fs::remove_file(&path)?;
    summary
}
