//! A repository behind a web server, which can fall silent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::Repository;
use crate::repository::program;

/// A web server on loopback for one repository; it ends with the test's process.
pub struct Web {
    /// The repository's address.
    pub url: String,
    silence: Silence,
}

/// The calls that are taken and not answered; none where all are answered.
type Silence = Arc<Mutex<Option<Vec<TcpStream>>>>;

/// What a call asks for.
struct Asked {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Web {
    /// Serves a repository.
    #[must_use]
    pub fn serving(repository: &Repository) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let root = repository.path.parent().expect("it is in a folder");
        let (root, silence) = (root.to_owned(), Silence::default());
        let silent = Arc::clone(&silence);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(held) = silent.lock().expect("nobody panicked").as_mut() {
                    held.push(stream);
                    continue;
                }
                let root = root.clone();
                // Who asked may be gone.
                std::thread::spawn(move || drop(serve(&stream, &root)));
            }
        });
        Self {
            url: format!("http://{address}/remote.git"),
            silence,
        }
    }

    /// From now on it takes every call and never says a word.
    pub fn fall_silent(&self) {
        *self.silence.lock().expect("nobody panicked") = Some(Vec::new());
    }

    /// Hangs up on those that wait, and answers again.
    pub fn speak(&self) {
        *self.silence.lock().expect("nobody panicked") = None;
    }

    /// How many calls wait for a word.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let held = self.silence.lock().expect("nobody panicked");
        held.as_ref().map_or(0, Vec::len)
    }
}

fn serve(stream: &TcpStream, root: &Path) -> std::io::Result<()> {
    let asked = read(stream)?;
    let mut stream = stream;
    let answer = backend(&asked, root)?;
    let end = answer.windows(4).position(|at| at == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.unwrap_or(answer.len()));
    let head = String::from_utf8_lossy(head);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    write!(stream, "HTTP/1.1 {}\r\n", status.unwrap_or("200 OK"))?;
    let length = body.len().saturating_sub(4);
    write!(
        stream,
        "{head}\r\nContent-Length: {length}\r\nConnection: close\r\n"
    )?;
    // The body comes with the empty line before it.
    stream.write_all(body.strip_prefix(b"\r\n").unwrap_or(b"\r\n"))
}

fn read(stream: &TcpStream) -> std::io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next(), words.next());
    let target = target.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut asked = Asked {
        method: method.unwrap_or_default(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        asked
            .headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = header(&asked, "content-length").and_then(|it| it.parse().ok());
    asked.body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut asked.body)?;
    Ok(asked)
}

fn header<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    let mut headers = asked.headers.iter();
    headers
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Lets git answer, as every web server in front of it does.
fn backend(asked: &Asked, root: &Path) -> std::io::Result<Vec<u8>> {
    let root: PathBuf = root.to_owned();
    let of = |name| header(asked, name).unwrap_or_default();
    let mut git = program("git", &root)
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        // Only whom the web server knows may push.
        .env("REMOTE_USER", "bob")
        .env("REQUEST_METHOD", &asked.method)
        .env("PATH_INFO", &asked.path)
        .env("QUERY_STRING", &asked.query)
        .env("CONTENT_TYPE", of("content-type"))
        .env("CONTENT_LENGTH", asked.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", of("content-encoding"))
        .env("HTTP_GIT_PROTOCOL", of("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = git.stdin.take().expect("stdin is piped");
    stdin.write_all(&asked.body)?;
    drop(stdin);
    Ok(git.wait_with_output()?.stdout)
}
