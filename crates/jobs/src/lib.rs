//! Where a job runs: the trait that every backend keeps, and the local one.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use vwm_api::SessionId;
use vwm_api::harness::{PushAnswer, PushOrder};

mod error;
mod folders;
pub mod local;
mod process;
mod push;
mod remove;

pub use error::JobError;
pub use local::Local;

/// Which job: a session has many in its life, at most one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobId {
    /// The session.
    pub session: SessionId,
    /// Counts its jobs, from 1.
    pub generation: i64,
}

/// What a job needs to exist; nothing of what the session is about.
#[derive(Clone)]
pub struct JobSpec {
    /// Which job.
    pub id: JobId,
    /// What the server will show with every call.
    pub token: String,
    /// The newest record of the volume's journal that the store has.
    pub stored_n: i64,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStatus {
    /// Nothing of it is there, and no volume of its session either: an active session that sees this is lost. A job that was only
    /// numbered, on a volume that is there, is `Gone`.
    Absent,
    /// It is on its way.
    Pending {
        /// What it waits for.
        why: String,
    },
    /// It can be reached.
    Up {
        /// Where.
        endpoint: Endpoint,
    },
    /// It is over.
    Gone {
        /// What is known of its end.
        why: String,
    },
}

/// Where a harness listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A UNIX socket.
    Unix(PathBuf),
}

/// What becomes of the volume when a job is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    /// It stays for the next generation.
    Keep,
    /// It goes, with everything in it.
    Delete,
}

/// What there is of a session where jobs run, whether or not anybody knows the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The session.
    pub session: SessionId,
    /// Whether it has a volume.
    pub has_volume: bool,
    /// Whether a volume of it was put aside.
    pub is_aside: bool,
    /// The job that holds its volume.
    pub generation: Option<i64>,
    /// Whether a process or a place to listen at is left without a volume.
    pub has_stray: bool,
}

/// A place where jobs run. Every method may be asked again at any time.
pub trait JobBackend: std::fmt::Debug + Send + Sync {
    /// Makes the job exist. Asking again changes nothing.
    fn ensure<'a>(&'a self, spec: &'a JobSpec) -> BoxFuture<'a, Result<(), JobError>>;
    /// Tells how the job stands.
    fn observe<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<JobStatus, JobError>>;
    /// Ends the job and all that it started, and then deletes its volume if that is wanted.
    fn remove<'a>(&'a self, id: &'a JobId, volume: Volume) -> BoxFuture<'a, Result<(), JobError>>;
    /// Pushes a branch of a session whose volume is gone from its bundle. When the caller goes away, so does what runs for it.
    fn push<'a>(&'a self, order: &'a PushOrder) -> BoxFuture<'a, Result<PushAnswer, JobError>>;
    /// Ends this job and no later one; its volume stays.
    fn stop<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<(), JobError>> {
        self.remove(id, Volume::Keep)
    }
    /// Returns what there is of sessions, by session; nothing where a job leaves nothing behind.
    fn list(&self) -> BoxFuture<'_, Result<Vec<Found>, JobError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// Ends whatever runs of a session that nobody knows, and puts its volume aside. `observe` brings it back.
    fn set_aside(&self, session: SessionId) -> BoxFuture<'_, Result<(), JobError>> {
        let _ = session;
        Box::pin(async { Ok(()) })
    }
    /// Deletes what removals that were cut short left, and volumes that were put aside that long ago; returns how many there were.
    fn tidy(&self, aside_for: Option<Duration>) -> BoxFuture<'_, Result<u64, JobError>> {
        let _ = aside_for;
        Box::pin(async { Ok(0) })
    }
    /// Whether the backend can make jobs at all, for `GET /ready`.
    fn ready(&self) -> BoxFuture<'_, Result<(), JobError>>;
}
