//! What every part of the server shares: settings, store, keys, and how it stops.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vwm_api::SessionId;
use vwm_jobs::{JobBackend, Local};
use vwm_store::Store;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::first_start;
use crate::keys::Keys;
use crate::scratch::Scratch;
use crate::start_error::StartError;

/// One server's parts. The promise: as long as it lives, no other server uses its data directory.
pub struct App {
    /// What it was told at its start.
    pub config: Config,
    /// What is remembered.
    pub store: Store,
    /// Where jobs run.
    pub jobs: Box<dyn JobBackend>,
    /// What the secret key makes.
    pub keys: Keys,
    /// Cancelled when the server shall stop: every stream and every task ends by it.
    pub stop: CancellationToken,
    /// Every task of the server.
    pub tasks: TaskTracker,
    /// When it started.
    pub started_at: Instant,
    pub(crate) data_dir: DataDir,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        f.debug_struct("App")
            .field("config", config)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Opens the data directory, and makes it on the first start. Nothing listens and nothing is orchestrated yet.
    pub async fn open(config: Config) -> Result<Arc<Self>, StartError> {
        let data_dir = DataDir::open(&config.data_dir)?;
        Scratch::clear(&config.data_dir)?;
        let keys = Keys::open(&data_dir)?;
        let jobs = Local::open(&config.data_dir)?;
        let store = Store::open(&config.data_dir).await?;
        first_start::prepare(&data_dir, &store, &keys).await?;
        Ok(Arc::new(Self {
            config,
            store,
            jobs: Box::new(jobs),
            keys,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            started_at: Instant::now(),
            data_dir,
        }))
    }

    /// Returns the token between this server and the job of a session.
    #[must_use]
    pub fn job_token(&self, session: SessionId, generation: i64) -> String {
        self.keys.job_token(session, generation)
    }

    /// Whether repositories may be `file` and plain `http`.
    #[must_use]
    pub fn allows_local_repositories(&self) -> bool {
        self.config.is_loopback()
    }
}
