//! Sessions: make, read, list, suspend, resume, end, push what was left, read what was said.

use std::time::Duration;

use reqwest::Method;
use vwm_api::{NewSession, PushResult, Session, SessionId, SessionPage, SessionStatus, WorkerId};

use crate::client::{Client, Keyed};
use crate::error::ClientError;
use crate::harness::ByteStream;

/// How often a session that resumes is looked at.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

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

    /// Suspends a session in which nothing runs or waits: its job goes, its workspace stays. 409 where something does.
    pub async fn suspend_session(&self, id: SessionId) -> Result<Session, ClientError> {
        self.ask_of(id, "suspend").await
    }

    /// Asks that a suspended session resume, or that a failed one be started again; the answer does not wait for that.
    pub async fn resume_session(&self, id: SessionId) -> Result<Session, ClientError> {
        self.ask_of(id, "resume").await
    }

    /// As [`Client::resume_session`], and returns when it is active; where it does not get there, [`ClientError::NotActive`] says why.
    pub async fn resume_session_and_wait(&self, id: SessionId) -> Result<Session, ClientError> {
        let mut session = self.resume_session(id).await?;
        let mut pause = SHORTEST_PAUSE;
        loop {
            match session.status {
                SessionStatus::Active => return Ok(session),
                SessionStatus::Pending => {}
                SessionStatus::Suspended if session.resuming => {}
                SessionStatus::Suspended
                | SessionStatus::Ending
                | SessionStatus::Ended
                | SessionStatus::Failed => {
                    return Err(ClientError::NotActive {
                        session: id,
                        status: session.status,
                        reason: session.status_reason,
                    });
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            session = self.session(id).await?;
        }
    }

    async fn ask_of(&self, id: SessionId, what: &str) -> Result<Session, ClientError> {
        let url = self.at(&["sessions", &id.to_string(), what]);
        // Asking twice is as good as asking once.
        let mut ask = self.put(url, &serde_json::json!({}))?;
        ask.method = Method::POST;
        self.answer(ask).await
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
