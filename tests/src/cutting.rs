//! A road that breaks: connections to the server that are cut after so many bytes, wherever that is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use vwm_client::Client;

use crate::World;

/// An address that leads to a world's server over connections of which the first ones are cut.
pub struct Cutting {
    url: String,
    cuts: Arc<AtomicUsize>,
}

impl Cutting {
    /// One whose connections give so many bytes of the server's, one after the other; those that follow are left alone.
    pub async fn to(world: &World, lengths: Vec<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let cuts = Arc::new(AtomicUsize::new(0));
        let server = world.url().trim_start_matches("http://").to_owned();
        let counted = Arc::clone(&cuts);
        tokio::spawn(async move {
            let mut lengths = lengths.into_iter();
            while let Ok((client, _)) = listener.accept().await {
                let (server, cuts) = (server.clone(), Arc::clone(&counted));
                let length = lengths.next();
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else {
                        return;
                    };
                    let (from_client, mut to_client) = client.into_split();
                    let (mut from_server, to_server) = server.into_split();
                    let asking = tokio::spawn(pass(from_client, to_server));
                    match length {
                        Some(length) => {
                            let mut some = (&mut from_server).take(length as u64);
                            // One that ends before it is cut leaves its cut to nobody.
                            if copy(&mut some, &mut to_client)
                                .await
                                .is_ok_and(|n| n == length as u64)
                            {
                                cuts.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                        None => {
                            // Either side may hang up.
                            let _ = copy(&mut from_server, &mut to_client).await;
                        }
                    }
                    asking.abort();
                });
            }
        });
        Self {
            url: format!("http://{address}"),
            cuts,
        }
    }

    /// How many connections were cut.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }

    /// A client that comes this way.
    #[must_use]
    pub fn client(&self, world: &World) -> Client {
        Client::new(&self.url, &world.key()).expect("a client")
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // Either side may hang up.
    let _ = copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}
