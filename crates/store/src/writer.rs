//! SQLite's writer, the one task that writes: it gathers the methods that already wait, runs each in a savepoint of its own, commits
//! once, then answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::db::Connection;
use crate::events::{self, Logged};
use crate::wake::{News, Wakes};
use crate::{Result, StoreError};

/// The most methods that share one commit.
const BATCH: usize = 256;
/// How many methods may wait before a caller has to.
const WAITING: usize = 1024;

/// A future that borrows the write connection.
pub(crate) type Running<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

/// What a method made, and who has to hear of it once it is committed.
pub(crate) struct Written<T> {
    value: T,
    news: News,
    logged: Vec<Logged>,
}

impl<T> Written<T> {
    /// Nobody has to hear of it.
    pub(crate) fn silently(value: T) -> Self {
        Self::with(News::Nothing, value)
    }

    pub(crate) fn with(news: News, value: T) -> Self {
        let logged = Vec::new();
        Self {
            value,
            news,
            logged,
        }
    }

    /// With the events that it wrote.
    pub(crate) fn logging(mut self, logged: Vec<Logged>) -> Self {
        self.logged = logged;
        self
    }

    /// Who has to hear of it.
    pub(crate) fn news(&self) -> News {
        self.news
    }

    /// Now that it is committed: tells whom it concerns, and gives what was made.
    pub(crate) fn settle(self, wakes: &Wakes) -> T {
        let mut is_published = true;
        for logged in &self.logged {
            is_published &= logged.publish(wakes);
        }
        if is_published {
            wakes.tell_published(self.news);
        } else {
            wakes.tell(self.news);
        }
        self.value
    }
}

/// Gives methods to the task.
#[derive(Clone)]
pub(crate) struct Writer {
    inbox: mpsc::Sender<Message>,
}

enum Message {
    Method(Box<dyn Waiting>),
    Close(oneshot::Sender<Result<()>>),
}

impl Writer {
    /// Starts the task; it ends when every writer is dropped, or at `close`.
    pub(crate) fn start(
        connection: Connection,
        options: SqliteConnectOptions,
        wakes: Arc<Wakes>,
    ) -> Self {
        let (inbox, messages) = mpsc::channel(WAITING);
        let desk = Desk {
            connection: Some(connection),
            options,
            wakes,
        };
        tokio::spawn(desk.serve(messages));
        Self { inbox }
    }

    /// Runs a method and returns when it is committed. It runs to its end also when the caller stops waiting.
    pub(crate) async fn write<T, F>(&self, method: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> Running<'c, Result<Written<T>>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let call = Call {
            method: Some(method),
            outcome: None,
            caller,
        };
        self.inbox
            .send(Message::Method(Box::new(call)))
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Writes what waits, then closes the connection.
    pub(crate) async fn close(&self) -> Result<()> {
        let (caller, answer) = oneshot::channel();
        if self.inbox.send(Message::Close(caller)).await.is_err() {
            return Ok(());
        }
        answer.await.unwrap_or(Ok(()))
    }
}

/// A method whose caller waits, whatever it returns.
trait Waiting: Send {
    /// Runs it, and returns whether what it wrote shall stand.
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> Running<'a, bool>;
    /// Answers its caller, once all is committed or nothing is.
    fn answer(
        self: Box<Self>,
        committed: std::result::Result<(), &Arc<sqlx::Error>>,
        wakes: &Wakes,
    );
}

struct Call<T, F> {
    method: Option<F>,
    outcome: Option<Result<Written<T>>>,
    caller: oneshot::Sender<Result<T>>,
}

impl<T, F> Waiting for Call<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Connection) -> Running<'c, Result<Written<T>>> + Send,
{
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> Running<'a, bool> {
        Box::pin(async move {
            let method = self.method.take().expect("a method runs once");
            let outcome = events::gathering(method(connection)).await;
            let stands = outcome.is_ok();
            if stands {
                vwm_failpoints::pass_method::<F>("written");
            }
            self.outcome = Some(outcome);
            stands
        })
    }

    fn answer(
        self: Box<Self>,
        committed: std::result::Result<(), &Arc<sqlx::Error>>,
        wakes: &Wakes,
    ) {
        let answer = match (self.outcome, committed) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(written)), Ok(())) => Ok(written.settle(wakes)),
            (_, Err(shared)) => Err(StoreError::Database(Arc::clone(shared))),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // The caller may have stopped waiting; what is written stays written.
        let _ = self.caller.send(answer);
    }
}

/// The task's own state.
struct Desk {
    connection: Option<Connection>,
    options: SqliteConnectOptions,
    wakes: Arc<Wakes>,
}

impl Desk {
    async fn serve(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut taken = Vec::with_capacity(BATCH);
        let mut closers = Vec::new();
        while messages.recv_many(&mut taken, BATCH).await > 0 {
            let mut batch = Vec::with_capacity(taken.len());
            for message in taken.drain(..) {
                match message {
                    Message::Method(call) => batch.push(call),
                    Message::Close(closer) => {
                        messages.close();
                        closers.push(closer);
                    }
                }
            }
            if !batch.is_empty() {
                self.settle(batch).await;
            }
        }
        let closed = match self.connection.take() {
            Some(connection) => connection.close().await.map_err(Arc::new),
            None => Ok(()),
        };
        for closer in closers {
            // Whoever asked may be gone.
            let _ = closer.send(closed.clone().map_err(StoreError::Database));
        }
    }

    async fn settle(&mut self, mut batch: Vec<Box<dyn Waiting>>) {
        let committed = self.commit(&mut batch).await.map_err(Arc::new);
        for call in batch {
            call.answer(committed.as_ref().copied(), &self.wakes);
        }
    }

    async fn commit(&mut self, batch: &mut [Box<dyn Waiting>]) -> sqlx::Result<()> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::Sqlite(SqliteConnection::connect_with(&self.options).await?),
        };
        run(batch, &mut connection).await?;
        // One that failed in the middle of a transaction is dropped instead, which rolls back whatever it held.
        self.connection = Some(connection);
        Ok(())
    }
}

/// Runs the batch in one transaction. What stands around the methods is plain SQL and as little of it as can be: each text is a trip to
/// the database's thread and back, and sqlx's own transactions make two of it.
async fn run(batch: &mut [Box<dyn Waiting>], connection: &mut Connection) -> sqlx::Result<()> {
    // One alone needs no savepoint.
    if let [call] = batch {
        connection.run("BEGIN IMMEDIATE").await?;
        let end = if call.run(connection).await {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        return connection.run(end).await;
    }
    connection.run("BEGIN IMMEDIATE; SAVEPOINT method").await?;
    for call in batch {
        // A database that had to undo the whole transaction has no savepoint any more: this fails, and with it the batch.
        let end = if call.run(connection).await {
            "RELEASE method; SAVEPOINT method"
        } else {
            "ROLLBACK TO method"
        };
        connection.run(end).await?;
    }
    connection.run("RELEASE method; COMMIT").await
}

#[cfg(test)]
mod tests;
