//! Which sessions file calls want a job of, although no turn waits there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use vwm_api::{SessionId, SessionStatus};

/// How long a failed session keeps its job after a call, so that a hundred calls in a row make one.
const KEEP: Duration = Duration::from_secs(30);

/// The sessions that are wanted just now, or were a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Wanted(Mutex<HashMap<SessionId, Calls>>);

#[derive(Debug)]
struct Calls {
    open: usize,
    last: Instant,
    refusal: watch::Sender<Option<String>>,
}

/// As long as it lives, its session is wanted.
#[derive(Debug)]
pub(crate) struct Want {
    wanted: Arc<Wanted>,
    session: SessionId,
    refusal: watch::Receiver<Option<String>>,
}

impl Wanted {
    /// Wants a session. The orchestrator is to be woken by the caller.
    pub(crate) fn want(self: &Arc<Self>, session: SessionId) -> Want {
        let mut sessions = self.sessions();
        sessions.retain(|_, calls| calls.open > 0 || calls.last.elapsed() < KEEP);
        let calls = sessions.entry(session).or_insert_with(|| Calls {
            open: 0,
            last: Instant::now(),
            refusal: watch::Sender::new(None),
        });
        calls.open += 1;
        Want {
            wanted: Arc::clone(self),
            session,
            refusal: calls.refusal.subscribe(),
        }
    }

    /// Whether a session with this status is wanted. A failed one has no other use for its job, and so keeps it for a while.
    pub(super) fn is_wanted(&self, session: SessionId, status: SessionStatus) -> bool {
        let keep = match status {
            SessionStatus::Failed => KEEP,
            SessionStatus::Pending
            | SessionStatus::Active
            | SessionStatus::Suspended
            | SessionStatus::Ending
            | SessionStatus::Ended => Duration::ZERO,
        };
        let sessions = self.sessions();
        let calls = sessions.get(&session);
        calls.is_some_and(|calls| calls.open > 0 || calls.last.elapsed() < keep)
    }

    /// Tells all who want a session why it gets no job. From here on it is not wanted, until somebody asks anew.
    pub(super) fn refuse(&self, session: SessionId, reason: &str) {
        if let Some(calls) = self.sessions().remove(&session) {
            calls.refusal.send_replace(Some(reason.to_owned()));
        }
    }

    /// Nothing can panic while the lock is held, so a poisoned one is whole.
    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, Calls>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Want {
    /// Returns once it is known that the session gets no job: why.
    pub(crate) async fn refused(&mut self) -> String {
        let refusal = self.refusal.wait_for(Option::is_some).await;
        let reason = refusal.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            // Calls are dropped without a reason only when nobody wants them any more.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Want {
    fn drop(&mut self) {
        let mut sessions = self.wanted.sessions();
        let calls = sessions.get_mut(&self.session);
        // Those of a later call have a channel of their own.
        if let Some(calls) = calls
            && calls.refusal.subscribe().same_channel(&self.refusal)
        {
            calls.open -= 1;
            calls.last = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_is_wanted_as_long_as_a_call_lasts_and_a_failed_one_a_while_longer() {
        let wanted = Arc::new(Wanted::default());
        let (session, other) = (SessionId::new(), SessionId::new());
        let is = |status| wanted.is_wanted(session, status);
        assert!(!is(SessionStatus::Failed));
        let (one, two) = (wanted.want(session), wanted.want(session));
        drop(one);
        assert!(is(SessionStatus::Suspended) && is(SessionStatus::Failed));
        assert!(!wanted.is_wanted(other, SessionStatus::Failed));
        drop(two);
        assert!(!is(SessionStatus::Suspended) && is(SessionStatus::Failed));
    }

    #[tokio::test]
    async fn a_refusal_is_told_to_all_who_ask_and_to_nobody_who_comes_later() {
        let wanted = Arc::new(Wanted::default());
        let session = SessionId::new();
        let (mut one, mut two) = (wanted.want(session), wanted.want(session));
        wanted.refuse(session, "no disk");
        assert!(!wanted.is_wanted(session, SessionStatus::Failed));
        let mut later = wanted.want(session);
        assert_eq!(
            (one.refused().await, two.refused().await),
            ("no disk".into(), "no disk".into())
        );
        drop((one, two));
        assert!(wanted.is_wanted(session, SessionStatus::Suspended));
        let told = futures_util::FutureExt::now_or_never(later.refused());
        assert_eq!(told, None);
    }
}
