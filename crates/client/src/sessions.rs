//! Sessions: make, read, list, end, push what was left, read what was said.

use vwm_api::{NewSession, PushResult, Session, SessionId, SessionPage, SessionStatus, WorkerId};

use crate::client::{Client, Keyed};
use crate::error::ClientError;
use crate::harness::ByteStream;

/// Which sessions to list; all of them unless something is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Those that stand there.
    pub status: Option<SessionStatus>,
    /// Those of this worker.
    pub worker_id: Option<WorkerId>,
    /// Those that carry it.
    pub breadcrumb: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
    /// Where the page before this one ended.
    pub cursor: Option<String>,
}

impl Client {
    /// Makes a session; it is pending at first.
    pub async fn create_session(&self, new: &NewSession) -> Result<Session, ClientError> {
        let ask = self.post(self.at(&["sessions"]), new, Keyed::Yes)?;
        self.answer(ask).await
    }

    /// Returns a session as it stands.
    pub async fn session(&self, id: SessionId) -> Result<Session, ClientError> {
        let url = self.at(&["sessions", &id.to_string()]);
        self.answer(self.get(url)).await
    }

    /// Lists sessions, newest first.
    pub async fn sessions(&self, filter: &SessionFilter) -> Result<SessionPage, ClientError> {
        let mut url = self.at(&["sessions"]);
        let parameters = [
            ("status", filter.status.map(|it| it.as_str().to_owned())),
            ("workerId", filter.worker_id.map(|it| it.to_string())),
            ("breadcrumb", filter.breadcrumb.clone()),
            ("limit", filter.limit.map(|it| it.to_string())),
            ("cursor", filter.cursor.clone()),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        self.answer(self.get(url)).await
    }

    /// Asks for a session's end; asking again changes nothing.
    pub async fn end_session(&self, id: SessionId) -> Result<(), ClientError> {
        let url = self.at(&["sessions", &id.to_string()]);
        self.done(self.delete(url)).await
    }

    /// Asks for a session's end, and returns when it has ended: its work is pushed then.
    pub async fn end_session_and_wait(&self, id: SessionId) -> Result<(), ClientError> {
        let mut url = self.at(&["sessions", &id.to_string()]);
        url.query_pairs_mut().append_pair("wait", "true");
        self.done(self.delete(url).however_long()).await
    }

    /// Pushes the branches that a session's end could not push; 409 when none is left. What a remote refuses is an answer, too.
    pub async fn push_session(&self, id: SessionId) -> Result<PushResult, ClientError> {
        let url = self.at(&["sessions", &id.to_string(), "push"]);
        let nothing = serde_json::json!({});
        let ask = self.post(url, &nothing, Keyed::No)?;
        self.answer(ask.however_long()).await
    }

    /// Returns the newest sessions of a worker, at most 500, newest first; [`Client::sessions`] has all, page by page.
    pub async fn worker_sessions(&self, worker: WorkerId) -> Result<Vec<Session>, ClientError> {
        let mut url = self.at(&["admin", "workers", &worker.to_string(), "sessions"]);
        url.set_query(Some("limit=500"));
        self.answer(self.get(url)).await
    }

    /// Reads all that was said in a session, as lines of JSON.
    pub async fn transcript(&self, session: SessionId) -> Result<ByteStream, ClientError> {
        let url = self.at(&["sessions", &session.to_string(), "transcript"]);
        self.byte_stream(self.get(url)).await
    }
}
