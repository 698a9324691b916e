//! Web servers that a repository's address may lead to, and where no repository is.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// A web server on loopback that does one thing to everybody; it ends with the test's process.
pub struct Door {
    /// The address of a repository behind it.
    pub url: String,
}

impl Door {
    /// Wants a password.
    #[must_use]
    pub fn locked() -> Self {
        const ANSWER: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        Self::open(|mut stream| {
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n")
                && stream.read(&mut byte).is_ok_and(|read| read == 1)
            {
                request.push(byte[0]);
            }
            // Who asked may be gone.
            let _ = stream.write_all(ANSWER);
        })
    }

    /// Takes every call and never says a word.
    #[must_use]
    pub fn silent() -> Self {
        let mut held = Vec::new();
        Self::open(move |stream| held.push(stream))
    }

    fn open(mut serve: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || listener.incoming().flatten().for_each(&mut serve));
        Self {
            url: format!("http://{address}/team/service.git"),
        }
    }
}
