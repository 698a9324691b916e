//! PostgreSQL: each method is a transaction on a connection of its own, and many run at the same time.

mod news;
mod opening;
mod refusal;

use std::panic;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnectionMetadata;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::time::timeout;

use crate::db::{self, Connection};
use crate::events;
use crate::wake::Wakes;
use crate::writer::{Running, Written};
use crate::{Result, StoreError};

use news::Outbox;
pub(crate) use refusal::is_transient;

/// Methods that run at the same time; each has a connection.
const WRITERS: u32 = 12;
/// Reads that run at the same time.
const READERS: u32 = 8;
/// One hears the news of other servers, one tells ours, one looks for what nobody told.
const MESSENGERS: u32 = 3;
/// How long a method waits for a connection, and with it how long a request learns nothing of a database that is away.
const ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that rested longer may be gone: it is asked first.
const FRESH: Duration = Duration::from_secs(1);

/// Connects to a database once, changes nothing, and says which it was, or why it cannot be used.
pub async fn look_at_postgres(url: &str) -> Result<String> {
    opening::look(url).await
}

/// What writes; clones are the same.
#[derive(Clone)]
pub(crate) struct Postgres {
    writers: PgPool,
    messengers: PgPool,
    wakes: Arc<Wakes>,
    outbox: Outbox,
}

impl Postgres {
    /// Waits for the database, makes what is missing in it, and starts what writes and what reads.
    pub(crate) async fn open(url: &str) -> Result<(Self, PgPool, Arc<Wakes>)> {
        let options = opening::open(url).await?;
        let wakes = Arc::new(Wakes::default());
        let writers = pool(&options, WRITERS);
        let readers = pool(&options, READERS);
        // Nothing of what these write has to outlive a loss of power.
        let quick = options.options([("synchronous_commit", "off")]);
        let messengers = pool(&quick, MESSENGERS);
        let outbox = news::start(messengers.clone(), Arc::clone(&wakes));
        let postgres = Self {
            writers,
            messengers,
            wakes: Arc::clone(&wakes),
            outbox,
        };
        Ok((postgres, readers, wakes))
    }

    /// Runs a method and returns when it is committed. It runs to its end also when the caller stops waiting.
    pub(crate) async fn write<T, F>(&self, method: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> Running<'c, Result<Written<T>>> + Send + 'static,
    {
        let postgres = self.clone();
        let running = tokio::spawn(async move {
            let in_time = timeout(db::LONGEST, postgres.run(method)).await;
            in_time.unwrap_or_else(|_| Err(db::silent().into()))
        });
        match running.await {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Closed),
            },
        }
    }

    async fn run<T, F>(&self, method: F) -> Result<T>
    where
        F: for<'c> FnOnce(&'c mut Connection) -> Running<'c, Result<Written<T>>> + Send,
    {
        let mut lent = Lent {
            connection: Connection::Postgres(self.writers.acquire().await?),
            is_clean: false,
        };
        // What each statement reads is what was committed when it began; the role may have another default.
        lent.connection
            .run("BEGIN ISOLATION LEVEL READ COMMITTED")
            .await?;
        let written = match events::gathering(method(&mut lent.connection)).await {
            Ok(written) => written,
            Err(error) => {
                // One that cannot even undo is closed, and that undoes.
                lent.is_clean = lent.connection.run("ROLLBACK").await.is_ok();
                return Err(error);
            }
        };
        vwm_failpoints::pass_method::<F>("written");
        let committed = lent.connection.run("COMMIT").await;
        self.outbox.put(written.news());
        if let Err(error) = committed {
            // It may be committed all the same, and who is woken for nothing reads once more.
            self.wakes.tell(written.news());
            return Err(error.into());
        }
        lent.is_clean = true;
        Ok(written.settle(&self.wakes))
    }

    /// Ends the methods that run, then closes the connections.
    pub(crate) async fn close(&self) {
        self.writers.close().await;
        self.messengers.close().await;
    }
}

/// A connection that goes back to its pool only when nothing is left open on it.
struct Lent {
    connection: Connection,
    is_clean: bool,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (false, Connection::Postgres(connection)) = (self.is_clean, &mut self.connection) {
            connection.close_on_drop();
        }
    }
}

fn pool(options: &PgConnectOptions, size: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE)
        // A trip for each use; what has just been used is trusted.
        .test_before_acquire(false)
        .before_acquire(|connection, used| Box::pin(answers(connection, used)))
        .connect_lazy_with(options.clone())
}

async fn answers(
    connection: &mut PgConnection,
    used: PoolConnectionMetadata,
) -> sqlx::Result<bool> {
    if used.idle_for < FRESH {
        return Ok(true);
    }
    Ok(matches!(
        timeout(FRESH, connection.ping()).await,
        Ok(Ok(()))
    ))
}
