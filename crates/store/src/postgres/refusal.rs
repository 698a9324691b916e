//! Why PostgreSQL cannot be used, and what to do about it; nothing here shows a password.

use std::fmt;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError};

use crate::StoreError;

/// Which database it is about.
pub(super) struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Place {
    pub(super) fn of(options: &PgConnectOptions) -> Self {
        // One without a name has its user's.
        let database = options.get_database().unwrap_or(options.get_username());
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let (port, user) = (options.get_port(), options.get_username());
        Self(format!(
            "database {database} at {host}, port {port}, as {user}"
        ))
    }

    /// It answered, and will not let us in.
    pub(super) fn refused(&self, error: sqlx::Error) -> StoreError {
        self.because(todo(&error), Some(error))
    }

    pub(super) fn search_path(&self, found: &str) -> StoreError {
        let todo = format!(
            "its search_path is {found:?}, because a pooler between us dropped what was asked for; connect to the database itself"
        );
        self.because(todo, None)
    }

    pub(super) fn encoding(&self, found: &str) -> StoreError {
        let todo = format!(
            "its encoding is {found}; make one with UTF8 (createdb --encoding UTF8 --template template0)"
        );
        self.because(todo, None)
    }

    /// Its tables could not be made, or are not ours.
    pub(super) fn tables(&self, error: MigrateError) -> StoreError {
        match error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                self.refused(source)
            }
            source => StoreError::Migrate {
                what: self.to_string(),
                source,
            },
        }
    }

    /// It is there and of no use just now.
    pub(super) fn silent(&self, why: &str) -> StoreError {
        self.because(format!("{why}; a server waits for it"), None)
    }

    fn because(&self, todo: impl Into<String>, source: Option<sqlx::Error>) -> StoreError {
        StoreError::Postgres {
            place: self.0.clone(),
            todo: todo.into(),
            source,
        }
    }
}

pub(super) fn no_url(error: sqlx::Error) -> StoreError {
    StoreError::Postgres {
        place: "the database that VWM_DATABASE_URL names".to_owned(),
        todo: "correct it: postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned(),
        source: Some(error),
    }
}

/// Whether a database that could not be reached may be reached later, without anybody's doing.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        error => code(error).is_some_and(|code| {
            // Too many connections, shutting down, starting up, and a connection that broke.
            matches!(&*code, "53300" | "57P01" | "57P02" | "57P03")
                || (code.starts_with("08") && code != "08P01")
        }),
    }
}

/// Whether the same may succeed when it is asked again.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    may_pass(error)
        || code(error).is_some_and(|code| {
            matches!(
                &*code,
                // Deadlock and the like, a lock or an answer that took too long, a standby that took over not yet.
                "40001" | "40P01" | "55P03" | "57014" | "25P03" | "25006"
            ) || code.starts_with("53")
        })
}

/// What PostgreSQL calls it; SQLite has other codes.
fn code(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let error = error.try_downcast_ref::<PgDatabaseError>()?;
    Some(error.code().to_owned())
}

fn todo(error: &sqlx::Error) -> &'static str {
    match code(error).as_deref() {
        Some("28P01" | "28000") => {
            "it does not let us in; correct name and password in VWM_DATABASE_URL, or let them in there (CREATE ROLE, pg_hba.conf)"
        }
        Some("3D000") => {
            "there is no such database; make it (createdb), or correct VWM_DATABASE_URL"
        }
        Some("42501") => {
            "our role may not; let it connect to the database, and make schemas in it (GRANT CONNECT, CREATE ON DATABASE)"
        }
        Some("08P01") => "what answers is a pooler; connect to the database itself",
        Some(_) => "it refused",
        None => {
            "what answers there is no PostgreSQL that we can speak to; correct VWM_DATABASE_URL"
        }
    }
}
