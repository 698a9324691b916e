//! Why a server does not start, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::ConfigError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It does not know what to do.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log's filter is none.
    #[error(
        "{filter:?} does not say what to log; give a level such as info, or info,vwm_store=debug"
    )]
    Log {
        /// What was given.
        filter: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The data directory cannot be used.
    #[error("cannot write to the data directory {}; make it writable, or choose another with --data-dir", path.display())]
    DataDir {
        /// The directory, or what in it cannot be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another server is there.
    #[error(
        "another server ({who}) uses this data directory: stop it, or choose another with --data-dir"
    )]
    Locked {
        /// Its pid and, where it is known, its url.
        who: String,
    },
    /// `secret.key` is not what a server writes.
    #[error("{} is not a key of 32 bytes; restore it from a backup: without it no API key is known and no job is reached", path.display())]
    SecretKey {
        /// The file.
        path: PathBuf,
    },
    /// The machine has no random bytes.
    #[error("cannot get random bytes for a key; is this machine still starting?")]
    Random(#[source] getrandom::Error),
    /// The port is taken.
    #[error(
        "port {} on {} is in use: stop what listens there, or choose another with --listen (port 0 takes a free one)",
        address.port(),
        address.ip()
    )]
    PortInUse {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The address is not ours.
    #[error("cannot listen on {address}; choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The store does not open.
    #[error("cannot open the store")]
    Store(#[from] vwm_store::StoreError),
    /// The database knows another secret key.
    #[error(
        "the database belongs to another data directory, whose secret.key it knows; choose that one with --data-dir, restore its secret.key \
         from a backup, or name an empty database"
    )]
    OthersDatabase,
    /// No job can be made.
    #[error("cannot prepare the data directory for jobs")]
    Jobs(#[from] vwm_jobs::JobError),
    /// The server cannot hear that it shall stop.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}
