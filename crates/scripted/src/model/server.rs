//! The model server as a value: started in a test or by the command, asked what it heard, stopped.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use uuid::Uuid;

use super::call::{Call, CallLog};
use super::gate::Gates;
use super::http;
use super::play::Cut;
use super::script::{Script, Step};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4096;

/// A running model server; it stops when it is dropped.
pub struct ModelServer {
    app: Arc<App>,
    address: SocketAddr,
    stop: CancellationToken,
}

impl ModelServer {
    /// Starts on a free port of 127.0.0.1, in tasks of its own. Panics outside of a tokio runtime.
    pub fn start(script: Script) -> io::Result<Self> {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), script)
    }

    /// Likewise, on that address.
    pub fn start_on(address: SocketAddr, script: Script) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let app = Arc::new(App::new(script));
        let router = http::router(Arc::clone(&app));
        app.tasks
            .spawn(accept(listener, router, app.tasks.clone(), stop.clone()));
        Ok(Self { app, address, stop })
    }

    /// Returns `http://127.0.0.1:PORT`; any path may follow before `/v1/messages`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns all that it was asked so far, oldest first; see [`Call::is_turn`] for what is worth counting.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.app.log.after(0)
    }

    /// Waits until the calls are as wanted, and returns them.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&[Call]) -> bool) -> Vec<Call> {
        self.app.log.wait_for(|calls| wanted(calls)).await
    }

    /// Waits until somebody is held at the gate.
    pub async fn held(&self, gate: &str) {
        self.app.gates.held(gate).await;
    }

    /// Waits until so many have come to the gate since the start, also those who went away again.
    pub async fn arrived(&self, gate: &str, times: usize) {
        self.app.gates.arrived(gate, times).await;
    }

    /// Opens the gate for good: for who is held there and for who comes later.
    pub fn release(&self, gate: &str) {
        self.app.gates.release(gate);
    }

    /// Closes the port and cuts all connections; returns when that is done.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.app.tasks.close();
        self.app.tasks.wait().await;
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What all requests share.
pub(super) struct App {
    pub(super) script: Script,
    pub(super) gates: Gates,
    pub(super) log: CallLog,
    pub(super) tasks: TaskTracker,
    /// Begins every id, because engines take two answers with one id for the same one, also after a restart of this server.
    pub(super) run: String,
    faults_hit: Mutex<HashMap<String, u64>>,
}

impl App {
    fn new(script: Script) -> Self {
        let mut run = Uuid::new_v4().simple().to_string();
        run.truncate(8);
        Self {
            script,
            gates: Gates::new(),
            log: CallLog::new(),
            tasks: TaskTracker::new(),
            run,
            faults_hit: Mutex::default(),
        }
    }

    /// Counts a hit of the step's faults, and takes them away once they were hit often enough.
    pub(super) fn count_faults(&self, step: Step, name: String) -> Step {
        let Some(times) = step.times else {
            return step;
        };
        let mut hit = self
            .faults_hit
            .lock()
            .expect("nobody panics while counting");
        let hits = hit.entry(name).or_default();
        *hits += 1;
        if *hits > times {
            return step.without_faults();
        }
        step
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(stream, router.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "The model server cannot accept a connection");
                // Out of descriptors: some will be free again.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves one connection. Below axum's own server, because that one cannot end a connection without an answer.
async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "Answers may come in larger pieces");
    }
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            match response.extensions().get::<Cut>() {
                Some(cut) => Err(*cut),
                None => Ok(response),
            }
        }
    });
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        served = serving => {
            if let Err(error) = served {
                tracing::debug!(%error, "A connection to the model server broke off");
            }
        }
    }
}
