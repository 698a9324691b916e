//! Turns: prompt and wait, prompt and leave, read one again, ask it again, abort, what telemetry tells. Streams are in [`crate::events`].

use vwm_api::{
    AbortRequest, AcceptedRequest, Answer, Prompt, RequestView, SessionId, Stats, TelemetryRow,
    TurnId,
};

use crate::client::{Client, Keyed};
use crate::error::ClientError;

impl Client {
    /// Prompts, and returns when the turn is over; a turn that failed is an answer, too.
    pub async fn prompt(&self, session: SessionId, prompt: &Prompt) -> Result<Answer, ClientError> {
        let url = self.at(&["sessions", &session.to_string(), "prompt"]);
        self.answer(self.post(url, prompt, Keyed::Yes)?.however_long())
            .await
    }

    /// Prompts, and returns as soon as the turn is taken: it goes on by itself. [`Client::request`] and [`Client::watch_request`]
    /// tell what becomes of it, from anywhere.
    pub async fn request_turn(
        &self,
        session: SessionId,
        prompt: &Prompt,
    ) -> Result<AcceptedRequest, ClientError> {
        let url = self.at(&["sessions", &session.to_string(), "requests"]);
        self.answer(self.post(url, prompt, Keyed::Yes)?).await
    }

    /// Returns one turn: where it stands, and its answer once it is there.
    pub async fn request(
        &self,
        session: SessionId,
        turn: TurnId,
    ) -> Result<RequestView, ClientError> {
        let (session, turn) = (session.to_string(), turn.to_string());
        let url = self.at(&["sessions", &session, "requests", &turn]);
        self.answer(self.get(url)).await
    }

    /// Asks again what a turn asked that failed, was aborted, or whose outcome nobody knows, and returns as soon as the new turn is
    /// taken; 409 for any other.
    pub async fn retry_request(
        &self,
        session: SessionId,
        turn: TurnId,
    ) -> Result<AcceptedRequest, ClientError> {
        let (session, turn) = (session.to_string(), turn.to_string());
        let url = self.at(&["sessions", &session, "requests", &turn, "retry"]);
        let nothing = serde_json::json!({});
        self.answer(self.post(url, &nothing, Keyed::Yes)?).await
    }

    /// Aborts turns; 409 when none is in flight.
    pub async fn abort(&self, session: SessionId, which: &AbortRequest) -> Result<(), ClientError> {
        let url = self.at(&["sessions", &session.to_string(), "abort"]);
        self.done(self.post(url, which, Keyed::No)?).await
    }

    /// Returns all turns of a session, oldest first.
    pub async fn telemetry(&self, session: SessionId) -> Result<Vec<TelemetryRow>, ClientError> {
        let url = self.at(&["sessions", &session.to_string(), "telemetry"]);
        self.answer(self.get(url)).await
    }

    /// Returns a session's turns in numbers.
    pub async fn stats(&self, session: SessionId) -> Result<Stats, ClientError> {
        let url = self.at(&["sessions", &session.to_string(), "stats"]);
        self.answer(self.get(url)).await
    }
}
