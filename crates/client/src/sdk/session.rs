//! A session as a program holds it: prompts, files, the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use vwm_api::{AbortRequest, SessionId, SubsessionId, WorkerId};

use super::{Turn, TurnArgs, TurnResult};
use crate::client::Client;
use crate::error::ClientError;
use crate::harness::ByteStream;

/// A session. Clones are the same one. Once it was ended through any of them, every call but [`VwSession::end`] is
/// [`ClientError::Ended`].
#[derive(Debug, Clone)]
pub struct VwSession {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    client: Client,
    id: SessionId,
    worker_name: String,
    worker_id: Option<WorkerId>,
    is_ended: AtomicBool,
    results: Mutex<Vec<TurnResult>>,
}

impl VwSession {
    pub(super) fn new(
        client: &Client,
        id: SessionId,
        worker_name: String,
        worker_id: Option<WorkerId>,
    ) -> Self {
        Self {
            held: Arc::new(Held {
                // One key for all prompts would make all of them the first one.
                client: client.without_idempotency_key(),
                id,
                worker_name,
                worker_id,
                is_ended: AtomicBool::new(false),
                results: Mutex::default(),
            }),
        }
    }

    /// Its id, by which [`super::VirtualWorker::reconnect_session`] finds it again.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.held.id
    }

    /// The worker's name.
    #[must_use]
    pub fn worker_name(&self) -> &str {
        &self.held.worker_name
    }

    /// The worker; none where it was reconnected to before the worker was asked for.
    #[must_use]
    pub fn worker_id(&self) -> Option<WorkerId> {
        self.held.worker_id
    }

    /// Begins a turn: its files are written and its prompt is sent as the envelopes are read. A turn that is dropped goes on at the
    /// server; [`VwSession::abort`] stops it.
    pub fn prompt(&self, args: impl Into<TurnArgs>) -> Result<Turn, ClientError> {
        self.client()?;
        Ok(Turn::begin(self.clone(), args.into()))
    }

    /// Asks, and returns what is left of the turn when it is over.
    pub async fn execute_prompt(
        &self,
        args: impl Into<TurnArgs>,
    ) -> Result<TurnResult, ClientError> {
        self.prompt(args)?.result().await
    }

    /// Aborts what is in flight or waits, in one conversation or in all; a conflict when there is nothing.
    pub async fn abort(&self, subsession: Option<SubsessionId>) -> Result<(), ClientError> {
        let which = AbortRequest {
            subsession_id: subsession,
            request_id: None,
        };
        self.client()?.abort(self.held.id, &which).await
    }

    /// Writes a file of any length; [`Client::upload_file`] and [`Client::upload_from`] take streams.
    pub async fn upload_file(
        &self,
        path: &str,
        content: impl Into<Bytes>,
    ) -> Result<(), ClientError> {
        let client = self.client()?;
        client.upload_bytes(self.held.id, path, content).await
    }

    /// Reads a file of any length as its bytes come.
    pub async fn download_file(&self, path: &str) -> Result<ByteStream, ClientError> {
        self.client()?.download_file(self.held.id, path).await
    }

    /// Reads a whole file into memory.
    pub async fn read_file(&self, path: &str) -> Result<Bytes, ClientError> {
        self.client()?.read_file(self.held.id, path).await
    }

    /// Writes a file of text.
    pub async fn write_file(
        &self,
        path: &str,
        content: impl Into<Bytes>,
    ) -> Result<(), ClientError> {
        let client = self.client()?;
        client.write_file(self.held.id, path, content).await
    }

    /// Deletes a file.
    pub async fn delete_file(&self, path: &str) -> Result<(), ClientError> {
        self.client()?.delete_file(self.held.id, path).await
    }

    /// Suspends the session while nothing runs or waits in it; the next prompt or file call resumes it by itself.
    pub async fn suspend(&self) -> Result<(), ClientError> {
        self.client()?.suspend_session(self.held.id).await?;
        Ok(())
    }

    /// Resumes the session, and returns when it is active.
    pub async fn resume(&self) -> Result<(), ClientError> {
        let client = self.client()?;
        client.resume_session_and_wait(self.held.id).await?;
        Ok(())
    }

    /// Asks for the end: the worker learns, its work is pushed, the workspace goes. Asking again does nothing.
    pub async fn end(&self) -> Result<(), ClientError> {
        if !self.is_ended() {
            self.held.client.end_session(self.held.id).await?;
            self.held.is_ended.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// As [`VwSession::end`], and returns when all of that is done; also after an end that was only asked for.
    pub async fn end_and_wait(&self) -> Result<(), ClientError> {
        self.held.client.end_session_and_wait(self.held.id).await?;
        self.held.is_ended.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether it was ended through this program.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.held.is_ended.load(Ordering::Acquire)
    }

    /// What is left of the turns that are over, in the order of their ends.
    #[must_use]
    pub fn turn_results(&self) -> Vec<TurnResult> {
        self.results().clone()
    }

    /// How many turns are over.
    #[must_use]
    pub fn turn_count(&self) -> usize {
        self.results().len()
    }

    /// Keeps what is left of a turn, and numbers it.
    pub(super) fn keep(&self, mut result: TurnResult) -> TurnResult {
        let mut results = self.results();
        result.turn_index = results.len();
        results.push(result.clone());
        result
    }

    /// The client, as long as the session was not ended.
    pub(super) fn client(&self) -> Result<&Client, ClientError> {
        if self.is_ended() {
            let session = self.held.id;
            return Err(ClientError::Ended { session });
        }
        Ok(&self.held.client)
    }

    fn results(&self) -> std::sync::MutexGuard<'_, Vec<TurnResult>> {
        // A push is whole or not there.
        let results = self.held.results.lock();
        results.unwrap_or_else(PoisonError::into_inner)
    }
}
