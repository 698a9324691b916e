//! A way to a database that can be taken away, and everything on it with it.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// What stands between a server and its database.
#[derive(Debug)]
pub struct Way {
    url: String,
    here: SocketAddr,
    there: String,
    serving: Option<AbortHandle>,
}

impl Way {
    /// A way to the database of a URL with a port; nobody listens there until it is open.
    pub async fn closed(url: &str) -> Self {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let here = listener.local_addr().expect("it is bound");
        let (user, rest) = url.split_once('@').expect("the URL names a role");
        let (there, database) = rest.split_once('/').expect("the URL names a database");
        Self {
            url: format!("{user}@{here}/{database}"),
            here,
            there: there.to_owned(),
            serving: None,
        }
    }

    /// The database, this way.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets through who comes.
    pub async fn open(&mut self) {
        let listener = listen(self.here).await;
        let there = self.there.clone();
        let serving = tokio::spawn(async move {
            // Dropped with this task, and with it what goes through.
            let mut passing = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let there = there.clone();
                passing.spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(there).await {
                        // Either side may hang up.
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
        self.serving = Some(serving.abort_handle());
    }

    /// Cuts all that goes through, and lets nobody through any more.
    pub fn close(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.close();
    }
}

async fn listen(address: SocketAddr) -> TcpListener {
    let listener = TcpListener::bind(address).await;
    listener.expect("a port of this machine can be listened on")
}
