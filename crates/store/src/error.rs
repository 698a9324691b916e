//! What can go wrong when something is remembered: one variant per thing that a caller can act on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use crate::postgres;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("nothing is stored under this id")]
    NotFound,
    /// A name that must be unique is taken.
    #[error("{what} exists already; choose another name, or change that one")]
    Duplicate {
        /// What has the name, as `worker bob`.
        what: String,
    },
    /// Something else needs it.
    #[error("{what} is in use by {by}")]
    InUse {
        /// What was to go, as `runtime local`.
        what: String,
        /// What needs it, as `worker bob`.
        by: String,
    },
    /// The worker is locked.
    #[error("the worker is locked; an admin can force the change")]
    Locked,
    /// The caller knew an older revision.
    #[error("the worker is at revision {current} by now; read it again and repeat the change")]
    Stale {
        /// The revision that is stored.
        current: i64,
    },
    /// The input names something that does not exist.
    #[error("{path} names {id}, which does not exist")]
    UnknownReference {
        /// Where in the input, as `runtimeId`.
        path: &'static str,
        /// What it names.
        id: Uuid,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request; use a new key for a new request")]
    IdempotencyMismatch,
    /// As many sessions are pending, active or ending as may.
    #[error(
        "the limit of sessions that are pending, active or ending is reached for {whose} ({number} of {limit}); end one, or ask again when one has ended or is suspended"
    )]
    SessionsFull {
        /// Whose: the server's, or the worker's.
        whose: &'static str,
        /// How many there are.
        number: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The harness's records do not follow what is stored.
    #[error("expected record {expected} and got {got}; read the journal again from there")]
    Gap {
        /// The record that comes next.
        expected: i64,
        /// The record that came.
        got: i64,
    },
    /// A cursor that this store did not give.
    #[error("{cursor:?} is not a cursor; use the `nextCursor` of a page, as it came")]
    BadCursor {
        /// What was given.
        cursor: String,
    },
    /// The database would not. Shared, because a commit that fails fails for all that it carried.
    #[error("the database failed; does it run, and has its disk room?")]
    Database(#[source] Arc<sqlx::Error>),
    /// The database file would not open.
    #[error("cannot open {path}; is it a database of VWM, and may this user write there?")]
    Open {
        /// The database file.
        path: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// The tables belong to another version.
    #[error(
        "the tables of {what} do not fit this version; use the version that made them, or another database"
    )]
    Migrate {
        /// The database.
        what: String,
        /// What did not fit.
        source: sqlx::migrate::MigrateError,
    },
    /// PostgreSQL is not to be used as it is.
    #[error("cannot use PostgreSQL, {place}: {todo}")]
    Postgres {
        /// Which database; never its password.
        place: String,
        /// What is the matter, and what to do.
        todo: String,
        /// What it said.
        source: Option<sqlx::Error>,
    },
    /// A file or folder would not.
    #[error("cannot {what} {path}; look at its permissions and the free space")]
    Io {
        /// What was tried, as `create`.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What is stored cannot be read.
    #[error("what is stored is damaged: {what}")]
    Corrupt {
        /// Where, and how.
        what: String,
    },
    /// The store was closed.
    #[error("the store is closed; the server is stopping")]
    Closed,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            error => Self::Database(Arc::new(error)),
        }
    }
}

impl StoreError {
    /// Whether the database is away, or too busy: the same may succeed when it is asked again. What was asked may have been done.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if postgres::is_transient(error))
    }

    /// Makes a violated uniqueness a `Duplicate`; any other error stays what it is.
    pub(crate) fn duplicate(error: sqlx::Error, what: impl FnOnce() -> String) -> Self {
        match error.as_database_error() {
            Some(database) if database.is_unique_violation() => Self::Duplicate { what: what() },
            _ => error.into(),
        }
    }

    /// A function that says which database would not open.
    pub(crate) fn opening(path: &Path) -> impl FnOnce(sqlx::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Open { path, source }
    }

    /// A function that says what was tried with a file.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
