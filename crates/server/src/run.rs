//! A server's life: start, serve, stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::app::App;
use crate::config::Config;
use crate::data_dir::{self, ServerFile};
use crate::http;
use crate::keeper;
use crate::orchestrator;
use crate::process;
use crate::serve::{self, Limits};
use crate::start_error::StartError;

/// A server that is ready: it listens, its orchestrator works, and `server.json` tells where it is.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    url: String,
}

/// Runs a server until SIGINT or SIGTERM; a second signal ends the process at once.
pub async fn run(config: Config) -> Result<(), StartError> {
    process::keep_files_private();
    process::allow_many_open_files();
    // Before it is announced: whoever sees `server.json` may stop the server at once, and cleanly.
    let mut signals = Signals::listen()?;
    // It may have to wait for its database.
    let server = tokio::select! {
        started = Server::start(config) => started?,
        () = signals.next() => {
            info!("Server stops before it was ready");
            return Ok(());
        }
    };
    signals.stop(server.app());
    server.serve().await
}

impl Server {
    /// Starts a server.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let app = App::open(config).await?;
        let listener = listen(app.config.listen)?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: app.config.listen,
            source,
        })?;
        orchestrator::start(&app);
        keeper::start(&app);
        let url = data_dir::url_of(address);
        app.data_dir.announce(&ServerFile {
            url: url.clone(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })?;
        info!("Server is ready at {url}");
        if app.allows_local_repositories() {
            warn!(
                "Repositories may be file:// and plain http://, because the server listens on loopback only"
            );
        }
        Ok(Self { app, listener, url })
    }

    /// Returns the server's parts; cancel `stop` to stop it.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Returns where it is reached from this machine.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves until `stop` is cancelled, then waits at most `grace` for what is open. Running turns go on in their harnesses.
    pub async fn serve(self) -> Result<(), StartError> {
        let Self { app, listener, .. } = self;
        let stop = app.stop.clone();
        let router = http::router(Arc::clone(&app));
        let until_all_is_over = async {
            serve::serve(listener, router, &stop, Limits::default()).await;
            app.tasks.close();
            app.tasks.wait().await;
        };
        let until_patience_ends = async {
            stop.cancelled().await;
            info!("Server stops; running turns go on");
            tokio::time::sleep(app.config.grace).await;
            warn!("Server cuts off what is still open");
        };
        tokio::select! {
            () = until_all_is_over => {}
            () = until_patience_ends => {}
        }
        app.data_dir.withdraw()?;
        app.store.close().await?;
        Ok(())
    }
}

/// A storm of watchers that come back must not find the door shut.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            StartError::PortInUse { address, source }
        } else {
            StartError::Listen { address, source }
        }
    })
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, StartError> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(StartError::Signals)?,
            terminate: signal(SignalKind::terminate()).map_err(StartError::Signals)?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The first one stops the server, a second one ends the process.
    fn stop(mut self, app: &Arc<App>) {
        let stop = app.stop.clone();
        // Not one of `app.tasks`: it must outlive them, to hear the second signal.
        tokio::spawn(async move {
            self.next().await;
            stop.cancel();
            self.next().await;
            std::process::exit(130);
        });
    }
}
