//! Wakes: they say that a session has news, and never what the news is. Whoever is woken reads the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use vwm_api::{Seq, SessionId};

use crate::Store;
use crate::window::{Frames, Taken, Window};

/// Who wants to know of which session.
#[derive(Default)]
pub(crate) struct Wakes {
    watched: Mutex<HashMap<SessionId, Arc<Channel>>>,
    orchestrator: Mutex<Option<mpsc::UnboundedSender<SessionId>>>,
}

/// One session that is watched.
struct Channel {
    wake: watch::Sender<()>,
    shown: Mutex<Shown>,
    /// Whoever asks the database for what comes next asks for all that follow the session.
    asking: tokio::sync::Mutex<()>,
}

/// What those share who follow a session's events.
#[derive(Default)]
struct Shown {
    followers: usize,
    window: Window,
}

/// The most that one session's window may hold.
const WINDOW: usize = 1 << 20;
/// The most that all of them may hold together.
const WINDOWS: usize = 64 << 20;

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
    /// Tells what somebody wrote; its events are read from the database.
    pub(crate) fn tell(&self, news: News) {
        self.tell_of(news, false);
    }

    /// Tells what was written here, all events of which were published.
    pub(crate) fn tell_published(&self, news: News) {
        self.tell_of(news, true);
    }

    fn tell_of(&self, news: News, is_published: bool) {
        match news {
            News::Nothing => {}
            News::Shown(session) => self.wake_watchers(session, is_published),
            News::Work(session) => {
                self.wake_watchers(session, is_published);
                if let Some(orchestrator) = lock(&self.orchestrator).as_ref() {
                    // It may be gone already when the server stops.
                    let _ = orchestrator.send(session);
                }
            }
        }
    }

    fn wake_watchers(&self, session: SessionId, is_published: bool) {
        if let Some((channel, _)) = self.channel(session) {
            lock(&channel.shown).window.told(is_published);
            channel.wake.send_replace(());
        }
    }

    /// Wakes whoever watches: they may have missed something.
    pub(crate) fn wake_all_watchers(&self) {
        for session in self.watched() {
            self.wake_watchers(session, false);
        }
    }

    /// The sessions that are watched just now.
    pub(crate) fn watched(&self) -> Vec<SessionId> {
        lock(&self.watched).keys().copied().collect()
    }

    /// Gives events that are committed to those who follow the session; they are serialized only if somebody does.
    pub(crate) fn publish(&self, session: SessionId, serialize: impl FnOnce() -> Option<Frames>) {
        let Some((channel, keep)) = self.channel(session) else {
            return;
        };
        if lock(&channel.shown).followers == 0 {
            return;
        }
        if let Some(frames) = serialize() {
            lock(&channel.shown).window.publish(frames, keep);
        }
    }

    /// A session that is watched, and how much its window may hold.
    fn channel(&self, session: SessionId) -> Option<(Arc<Channel>, usize)> {
        let watched = lock(&self.watched);
        let channel = watched.get(&session)?;
        Some((Arc::clone(channel), keep(watched.len())))
    }
}

fn keep(watched: usize) -> usize {
    WINDOW.min(WINDOWS / watched.max(1))
}

/// Waits for news of one session.
pub struct Watch {
    session: SessionId,
    receiver: Option<watch::Receiver<()>>,
    channel: Arc<Channel>,
    wakes: Arc<Wakes>,
}

impl Watch {
    /// Returns when the session had news since the last call, or since the watch began. Dropping the future loses nothing.
    pub async fn changed(&mut self) {
        let receiver = self.receiver.as_mut().expect("it is taken only on drop");
        receiver
            .changed()
            .await
            .expect("the sender lives as long as this watch");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = lock(&self.wakes.watched);
        drop(self.receiver.take());
        if self.channel.wake.receiver_count() == 0 {
            watched.remove(&self.session);
        }
    }
}

/// A watch that shares a window with all others who follow the session; the last one that leaves takes the window along.
pub(crate) struct Following(Watch);

impl Following {
    /// Waits as [`Watch::changed`] does.
    pub(crate) async fn changed(&mut self) {
        self.0.changed().await;
    }

    /// What the window has after a number.
    pub(crate) fn take(&self, after: Seq, most: usize) -> Taken {
        lock(&self.0.channel.shown).window.take(after, most)
    }

    /// Waits until nobody else asks the database for what comes next; with the state of the news by then.
    pub(crate) async fn alone(&self) -> (tokio::sync::MutexGuard<'_, ()>, u64) {
        let guard = self.0.channel.asking.lock().await;
        let version = lock(&self.0.channel.shown).window.version();
        (guard, version)
    }

    /// Shares what the database had after a number; with a state of the news it had no more by then.
    pub(crate) fn share(&self, after: Seq, frames: Option<Frames>, all: Option<u64>) {
        let keep = keep(lock(&self.0.wakes.watched).len());
        let mut shown = lock(&self.0.channel.shown);
        shown.window.read(after, frames, all, keep);
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut shown = lock(&self.0.channel.shown);
        shown.followers -= 1;
        if shown.followers == 0 {
            shown.window = Window::default();
        }
    }
}

impl Store {
    /// Watches a session: begin it before the first read, then read, wait, and read again.
    #[must_use]
    pub fn watch(&self, session: SessionId) -> Watch {
        let mut watched = lock(&self.wakes.watched);
        let channel = watched.entry(session).or_insert_with(|| {
            Arc::new(Channel {
                wake: watch::Sender::new(()),
                shown: Mutex::default(),
                asking: tokio::sync::Mutex::default(),
            })
        });
        Watch {
            session,
            // Subscribed under the lock: a channel that lost its last receiver is not in the map any more.
            receiver: Some(channel.wake.subscribe()),
            channel: Arc::clone(channel),
            wakes: Arc::clone(&self.wakes),
        }
    }

    pub(crate) fn following(&self, session: SessionId) -> Following {
        let watch = self.watch(session);
        lock(&watch.channel.shown).followers += 1;
        Following(watch)
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
        self.wakes.tell_published(News::Work(session));
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
