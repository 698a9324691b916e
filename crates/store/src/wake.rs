//! Wakes: they say that a session has news, and never what the news is. Whoever is woken reads the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use vwm_api::SessionId;

use crate::Store;

/// Who wants to know of which session.
#[derive(Default)]
pub(crate) struct Wakes {
    watched: Mutex<HashMap<SessionId, watch::Sender<u64>>>,
    orchestrator: Mutex<Option<mpsc::UnboundedSender<SessionId>>>,
}

/// What changed, for the right ones to be woken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News {
    /// Nothing that anybody waits for.
    Nothing,
    /// Something to show: wakes the session's watchers.
    Shown(SessionId),
    /// Something to do: wakes the session's watchers and the orchestrator.
    Work(SessionId),
}

impl Wakes {
    pub(crate) fn tell(&self, news: News) {
        match news {
            News::Nothing => {}
            News::Shown(session) => self.wake_watchers(session),
            News::Work(session) => {
                self.wake_watchers(session);
                if let Some(orchestrator) = lock(&self.orchestrator).as_ref() {
                    // It may be gone already when the server stops.
                    let _ = orchestrator.send(session);
                }
            }
        }
    }

    fn wake_watchers(&self, session: SessionId) {
        if let Some(watched) = lock(&self.watched).get(&session) {
            watched.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

/// Waits for news of one session.
pub struct Watch {
    session: SessionId,
    receiver: Option<watch::Receiver<u64>>,
    wakes: Arc<Wakes>,
}

impl Watch {
    /// Returns when the session had news since the last call, or since the watch began. Dropping the future loses nothing.
    pub async fn changed(&mut self) {
        let receiver = self.receiver.as_mut().expect("it is taken only on drop");
        receiver
            .changed()
            .await
            .expect("the sender stays in the map as long as this watch");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = lock(&self.wakes.watched);
        drop(self.receiver.take());
        if watched
            .get(&self.session)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            watched.remove(&self.session);
        }
    }
}

impl Store {
    /// Watches a session: begin it before the first read, then read, wait, and read again.
    #[must_use]
    pub fn watch(&self, session: SessionId) -> Watch {
        let receiver = lock(&self.wakes.watched)
            .entry(session)
            .or_insert_with(|| watch::channel(0).0)
            .subscribe();
        Watch {
            session,
            receiver: Some(receiver),
            wakes: Arc::clone(&self.wakes),
        }
    }

    /// Takes the wakes that are the orchestrator's; whoever took them before gets none from here on.
    #[must_use]
    pub fn take_wakes(&self) -> mpsc::UnboundedReceiver<SessionId> {
        let (sender, receiver) = mpsc::unbounded_channel();
        *lock(&self.wakes.orchestrator) = Some(sender);
        receiver
    }

    /// Wakes the session's watchers and the orchestrator.
    pub fn wake(&self, session: SessionId) {
        self.wakes.tell(News::Work(session));
    }

    /// How many sessions are watched just now.
    #[must_use]
    pub fn watched_sessions(&self) -> usize {
        lock(&self.wakes.watched).len()
    }
}

/// Nothing can panic while one of these locks is held, so a poisoned one is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
