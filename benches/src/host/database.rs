//! A database of a PostgreSQL server, made for one server of ours.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Its own name in its server; dropped, it is gone.
pub(crate) struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes an empty one on the server that an address names: `postgres://user@host:port/postgres`.
    pub(crate) fn create(server: &str) -> Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench_{}_{number}", std::process::id());
        let (front, _) = server
            .rsplit_once('/')
            .context("give postgres://USER@HOST:PORT/DATABASE")?;
        execute(server, format!("CREATE DATABASE {name}"))?;
        Ok(Self {
            server: server.to_owned(),
            url: format!("{front}/{name}"),
            name,
        })
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        if let Err(error) = execute(&self.server, format!("DROP DATABASE {name} WITH (FORCE)")) {
            eprintln!("the database {name} stays: {error:#}");
        }
    }
}

fn execute(server: &str, sql: String) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(server)
            .await
            .context("cannot connect to PostgreSQL")?;
        // The name is made here, of digits.
        connection.execute(AssertSqlSafe(sql)).await?;
        connection.close().await?;
        Ok(())
    })
}
