//! A query and what is bound to it, until it is known which database runs it.

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use sqlx::postgres::PgArguments;
use sqlx::query::Query as SqlxQuery;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Postgres, Sqlite};
use tokio::time::timeout;

use super::value::Value;
use super::{LONGEST, On, Row, silent};

/// A query of a text that both databases take.
pub(crate) fn query(sql: &'static str) -> Query {
    Query {
        sql,
        values: Vec::new(),
    }
}

/// A text and what is bound to its places.
pub(crate) struct Query {
    sql: &'static str,
    values: Vec<Value>,
}

/// What a query did.
pub(crate) struct Done {
    rows: u64,
}

impl Done {
    pub(crate) fn rows_affected(&self) -> u64 {
        self.rows
    }
}

/// Runs a method of sqlx's query wherever the query is to run, and makes ours of what it returns.
macro_rules! run {
    ($query:ident, $on:ident, $method:ident, $result:ident => $sqlite:expr, $postgres:expr) => {
        match $on.into() {
            On::SqlitePool(pool) => {
                let $result = $query.sqlite().$method(pool).await?;
                $sqlite
            }
            On::Sqlite(connection) => {
                let $result = $query.sqlite().$method(connection).await?;
                $sqlite
            }
            On::PgPool(pool) => {
                let mut connection = pool.acquire().await?;
                let answer = $query.postgres().$method(&mut *connection);
                let Ok(answer) = timeout(LONGEST, answer).await else {
                    // It would be asked whether it still answers before it goes back.
                    connection.close_on_drop();
                    return Err(silent());
                };
                let $result = answer?;
                $postgres
            }
            On::Postgres(connection) => {
                let $result = $query.postgres().$method(connection).await?;
                $postgres
            }
        }
    };
}

impl Query {
    /// Binds the next value: the first one is `$1`.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(crate) async fn execute<'c>(self, on: impl Into<On<'c>>) -> sqlx::Result<Done> {
        let rows = run!(self, on, execute, done => done.rows_affected(), done.rows_affected());
        Ok(Done { rows })
    }

    pub(crate) async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> sqlx::Result<Row> {
        Ok(run!(self, on, fetch_one, row => Row::Sqlite(row), Row::Postgres(row)))
    }

    pub(crate) async fn fetch_optional<'c>(
        self,
        on: impl Into<On<'c>>,
    ) -> sqlx::Result<Option<Row>> {
        Ok(run!(self, on, fetch_optional, row => row.map(Row::Sqlite), row.map(Row::Postgres)))
    }

    pub(crate) async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> sqlx::Result<Vec<Row>> {
        Ok(run!(self, on, fetch_all, rows =>
            rows.into_iter().map(Row::Sqlite).collect(),
            rows.into_iter().map(Row::Postgres).collect()))
    }

    /// Gives rows to `take` as they come, for as long as it wants more; returns whether it got all.
    pub(crate) async fn fetch_while<'c, E: From<sqlx::Error>>(
        self,
        on: impl Into<On<'c>>,
        mut take: impl FnMut(&Row) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut rows: BoxStream<'_, sqlx::Result<Row>> = match on.into() {
            On::SqlitePool(pool) => self.sqlite().fetch(pool).map_ok(Row::Sqlite).boxed(),
            On::Sqlite(one) => self.sqlite().fetch(one).map_ok(Row::Sqlite).boxed(),
            On::PgPool(pool) => self.postgres().fetch(pool).map_ok(Row::Postgres).boxed(),
            On::Postgres(one) => self.postgres().fetch(one).map_ok(Row::Postgres).boxed(),
        };
        while let Some(row) = rows.try_next().await? {
            if !take(&row)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn sqlite(self) -> SqlxQuery<'static, Sqlite, SqliteArguments> {
        let query = sqlx::query(self.sql);
        self.values
            .into_iter()
            .fold(query, |query, value| match value {
                Value::Integer(value) => query.bind(value),
                Value::Real(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
                Value::Uuid(value) => query.bind(value),
            })
    }

    fn postgres(self) -> SqlxQuery<'static, Postgres, PgArguments> {
        let query = sqlx::query(self.sql);
        self.values
            .into_iter()
            .fold(query, |query, value| match value {
                Value::Integer(value) => query.bind(value),
                Value::Real(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::Text(value) => query.bind(value.map(without_nul)),
                Value::Bytes(value) => query.bind(value),
                Value::Uuid(value) => query.bind(value),
            })
    }
}

/// PostgreSQL's texts hold every character but this one. In JSON it is written otherwise.
fn without_nul(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}
