//! The clients' way to the server: an address that stays while servers come and go, and whose connections can be cut.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The way, as long as this lives.
pub(super) struct Way {
    /// The address that stays.
    pub(super) url: String,
    server: Arc<Mutex<String>>,
    cuts: watch::Sender<u64>,
}

impl Way {
    /// One that leads nowhere yet.
    pub(super) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = Arc::<Mutex<String>>::default();
        let cuts = watch::Sender::new(0);
        let (to, cut) = (Arc::clone(&server), cuts.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let to = to.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let mut cut = cut.clone();
                cut.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        () = lead(client, to) => {}
                        // Also when nobody can cut any more.
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Ok(Self { url, server, cuts })
    }

    /// From now on it leads there.
    pub(super) fn leads_to(&self, url: &str) {
        let address = url.trim_start_matches("http://").to_owned();
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Cuts every connection.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

/// Where there is no server just now, the connection is closed.
async fn lead(mut client: TcpStream, to: String) {
    if let Ok(mut server) = TcpStream::connect(to).await {
        // A Nagle pause in between would be nobody's.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        // Either side may hang up as it likes.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
