//! An address that stays while servers come and go.

use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use vwm_client::Client;

use crate::World;

/// An address that stays, whatever server it leads to.
pub struct Road {
    url: String,
    server: Arc<Mutex<String>>,
}

impl Road {
    /// One to this world's server.
    pub async fn to(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let server = Arc::new(Mutex::new(String::new()));
        let road = Self {
            url: format!("http://{address}"),
            server: server.clone(),
        };
        road.leads_to(world);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = server.lock().expect("nobody panics").clone();
                tokio::spawn(async move {
                    // Where there is no server just now, the connection is closed.
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        road
    }

    /// From now on it leads to the server that this world has now.
    pub fn leads_to(&self, world: &World) {
        let address = world.url().trim_start_matches("http://");
        *self.server.lock().expect("nobody panics") = address.to_owned();
    }

    /// A client that comes this way.
    #[must_use]
    pub fn client(&self, world: &World) -> Client {
        Client::new(&self.url, &world.key()).expect("a client")
    }
}
