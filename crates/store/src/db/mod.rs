//! One SQL text for two databases: a connection, a query and a row that are SQLite's or PostgreSQL's.

mod query;
mod row;
mod value;

use std::io;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, SqliteConnection, SqlitePool};

pub(crate) use query::{Query, query};
pub(crate) use row::{Column, Row};

/// How long PostgreSQL may take for an answer. A connection whose other end is gone without a word would wait for ever.
pub(crate) const LONGEST: Duration = Duration::from_secs(20);

/// What is said of a database that took longer.
pub(crate) fn silent() -> sqlx::Error {
    let why = format!("no answer for {} s", LONGEST.as_secs());
    io::Error::new(io::ErrorKind::TimedOut, why).into()
}

/// What a method writes with.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PoolConnection<Postgres>),
}

/// What reads outside of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Where a query runs.
pub(crate) enum On<'c> {
    SqlitePool(&'c SqlitePool),
    Sqlite(&'c mut SqliteConnection),
    PgPool(&'c PgPool),
    Postgres(&'c mut PgConnection),
}

impl<'c> From<&'c Readers> for On<'c> {
    fn from(readers: &'c Readers) -> Self {
        match readers {
            Readers::Sqlite(pool) => Self::SqlitePool(pool),
            Readers::Postgres(pool) => Self::PgPool(pool),
        }
    }
}

impl<'c> From<&'c mut Connection> for On<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        match connection {
            Connection::Sqlite(connection) => Self::Sqlite(connection),
            Connection::Postgres(connection) => Self::Postgres(connection),
        }
    }
}

impl Readers {
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Connection {
    /// Takes what a method decides on, before the statement that reads it. Only PostgreSQL runs methods at the same time; there a
    /// statement that had to wait has the row that it waited for anew, and everything else as it was before.
    pub(crate) async fn lock(&mut self, rows: Query) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => rows.execute(self).await.map(|_| ()),
        }
    }

    /// Runs texts that bind and return nothing, in one trip.
    pub(crate) async fn run(&mut self, sql: &'static str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => sqlx::raw_sql(sql)
                .execute(&mut **connection)
                .await
                .map(|_| ()),
        }
    }

    pub(crate) async fn ping(&mut self) -> sqlx::Result<()> {
        use sqlx::Connection as _;
        match self {
            Self::Sqlite(connection) => connection.ping().await,
            Self::Postgres(connection) => connection.ping().await,
        }
    }

    pub(crate) async fn close(self) -> sqlx::Result<()> {
        use sqlx::Connection as _;
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}
