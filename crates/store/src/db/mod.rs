//! One SQL text for two databases: a connection, a query and a row that are SQLite's or PostgreSQL's.

mod query;
mod row;
mod value;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, SqliteConnection, SqlitePool};

pub(crate) use query::{Query, query};
pub(crate) use row::{Column, Row};

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
