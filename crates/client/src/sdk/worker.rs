//! A worker by its name, and how sessions of it begin.

use futures_util::StreamExt;
use tokio::sync::OnceCell;
use vwm_api::{EventBody, SessionId, SessionStatus, Worker};

use super::{SessionOptions, VwSession};
use crate::client::Client;
use crate::error::ClientError;

/// A worker by its name.
#[derive(Debug)]
pub struct VirtualWorker {
    client: Client,
    name: String,
    options: SessionOptions,
    worker: OnceCell<Worker>,
}

impl VirtualWorker {
    /// The worker of this name, upper and lower case told apart; nothing is asked yet.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
            options: SessionOptions::default(),
            worker: OnceCell::new(),
        }
    }

    /// The same worker, whose sessions are started so where they do not say otherwise.
    #[must_use]
    pub fn with_options(mut self, options: SessionOptions) -> Self {
        self.options = options;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client that it asks with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the worker as it was when it was asked for first.
    pub async fn resolve(&self) -> Result<&Worker, ClientError> {
        let worker = async || self.client.worker_by_name(&self.name).await;
        self.worker.get_or_try_init(worker).await
    }

    /// Makes a session, waits until it is active, and writes its initial files. A session that does not become active is left as
    /// it is, and the error names it and says why; one whose files cannot be written is ended.
    pub async fn start_session(&self, options: SessionOptions) -> Result<VwSession, ClientError> {
        let worker = self.resolve().await?.id;
        let options = options.or(&self.options);
        let new = self
            .client
            .create_session(&options.new_session(worker))
            .await?;
        become_active(&self.client, new.id).await?;
        let session = VwSession::new(&self.client, new.id, self.name.clone(), Some(worker));
        for file in options.initial_files {
            let written = session.upload_file(&file.path, file.content).await;
            if let Err(error) = written {
                // The first error says more; a session that cannot be ended now ends by its timeout.
                let _ = session.end().await;
                return Err(error);
            }
        }
        Ok(session)
    }

    /// A session that was started before, here or elsewhere; nothing is asked.
    #[must_use]
    pub fn reconnect_session(&self, id: SessionId) -> VwSession {
        let worker = self.worker.get().map(|worker| worker.id);
        VwSession::new(&self.client, id, self.name.clone(), worker)
    }
}

/// Waits until a session is active; its events tell every move, from the first on.
async fn become_active(client: &Client, session: SessionId) -> Result<(), ClientError> {
    let mut events = client.events(session, 0);
    while let Some(event) = events.next().await {
        let EventBody::Status { to, reason, .. } = event?.body else {
            continue;
        };
        match to {
            SessionStatus::Active => return Ok(()),
            SessionStatus::Pending | SessionStatus::Suspended => {}
            SessionStatus::Ending | SessionStatus::Ended | SessionStatus::Failed => {
                return Err(ClientError::NotActive {
                    session,
                    status: to,
                    reason,
                });
            }
        }
    }
    Err(ClientError::NotActive {
        session,
        status: SessionStatus::Ended,
        reason: None,
    })
}
