//! The plainest HTTP/1.1 client over one kept connection: what it costs itself must not show in what is measured.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Nothing that is measured takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection to a server on this machine.
pub(crate) struct Http {
    address: String,
    /// Shown with every call; none where the server asks for none.
    key: Option<String>,
    stream: TcpStream,
    /// What has come and is not read yet.
    come: Vec<u8>,
}

impl Http {
    /// Connects.
    pub(crate) fn connect(address: &str, key: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .with_context(|| format!("cannot connect to {address}; did the server die?"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            address: address.to_owned(),
            key: key.map(str::to_owned),
            stream,
            come: Vec::with_capacity(1 << 16),
        })
    }

    /// Asks, and returns the answer as JSON; whatever is not a success is an error.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let bytes = self.exchange(method, path, &body)?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes)
            .with_context(|| format!("{method} {path} answered what is no JSON"))
    }

    /// Asks with a body that is ready, and returns the answer's bytes.
    pub(crate) fn exchange(&mut self, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        self.send(method, path, body, "application/json")?;
        let (status, length) = self.head()?;
        let body = match length {
            Length::Bytes(length) => {
                self.until(|come| come.len() >= length)?;
                self.come.drain(..length).collect()
            }
            Length::Chunks => self.chunks()?,
        };
        if !(200..300).contains(&status) {
            let said = String::from_utf8_lossy(&body);
            bail!("{method} {path} answered {status}: {said}");
        }
        Ok(body)
    }

    /// Asks for a stream of events, and returns the connection and what has come of the stream already.
    pub(crate) fn stream(mut self, path: &str) -> Result<(TcpStream, Vec<u8>)> {
        self.send("GET", path, "", "text/event-stream")?;
        let (status, _) = self.head()?;
        if status != 200 {
            bail!("GET {path} answered {status}");
        }
        Ok((self.stream, self.come))
    }

    fn send(&mut self, method: &str, path: &str, body: &str, accept: &str) -> Result<()> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: {accept}\r\n",
            self.address
        );
        if let Some(key) = &self.key {
            request += &format!("Authorization: Bearer {key}\r\n");
        }
        if !body.is_empty() {
            request += "Content-Type: application/json\r\n";
        }
        if method != "GET" {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        request += body;
        self.stream.write_all(request.as_bytes())?;
        Ok(())
    }

    /// Reads a head: the status, and how the body is told.
    fn head(&mut self) -> Result<(u16, Length)> {
        self.until(|come| position(come, b"\r\n\r\n").is_some())?;
        let end = position(&self.come, b"\r\n\r\n").unwrap_or_default();
        let head: Vec<u8> = self.come.drain(..end + 4).collect();
        parse_head(&String::from_utf8_lossy(&head))
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            self.until(|come| position(come, b"\r\n").is_some())?;
            let end = position(&self.come, b"\r\n").unwrap_or_default();
            let size: Vec<u8> = self.come.drain(..end + 2).collect();
            let size = String::from_utf8_lossy(&size[..end]).into_owned();
            let size = usize::from_str_radix(size.trim(), 16)
                .with_context(|| format!("a chunk of {size:?} bytes"))?;
            self.until(|come| come.len() >= size + 2)?;
            body.extend(self.come.drain(..size));
            self.come.drain(..2);
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// Reads on until enough has come.
    fn until(&mut self, is_enough: impl Fn(&[u8]) -> bool) -> Result<()> {
        let mut part = [0; 1 << 16];
        while !is_enough(&self.come) {
            let read = self.stream.read(&mut part).context("no answer came")?;
            if read == 0 {
                bail!("the server closed the connection in the middle of an answer");
            }
            self.come.extend_from_slice(&part[..read]);
        }
        Ok(())
    }
}

/// How a body is told.
#[derive(Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunks,
}

fn parse_head(head: &str) -> Result<(u16, Length)> {
    let head = head.to_ascii_lowercase();
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .context("an answer without a status")?;
    let mut length = Length::Bytes(0);
    for line in lines {
        match line.split_once(':') {
            Some(("content-length", value)) => length = Length::Bytes(value.trim().parse()?),
            Some(("transfer-encoding", _)) => length = Length::Chunks,
            _ => {}
        }
    }
    Ok((status, length))
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn answers_of_both_kinds_come_whole_over_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let answers = [
                "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"b\"\r\n3\r\n:2}\r\n0\r\n\r\n",
                "HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno",
            ];
            for answer in answers {
                let mut asked = [0; 4096];
                let read = stream.read(&mut asked).expect("a request");
                assert!(asked[..read].starts_with(b"POST /x HTTP/1.1\r\n"));
                stream.write_all(answer.as_bytes()).expect("it is read");
            }
        });
        let mut http = Http::connect(&address, Some("k")).expect("it listens");
        let body = serde_json::json!({});
        let mut ask = || http.ask("POST", "/x", Some(&body));
        assert_eq!(ask().expect("a success").to_string(), r#"{"a":[1]}"#);
        assert_eq!(ask().expect("a success").to_string(), r#"{"b":2}"#);
        let refused = ask().expect_err("a refusal").to_string();
        assert_eq!(refused, "POST /x answered 409: no");
        server.join().expect("the server is content");
    }
}
