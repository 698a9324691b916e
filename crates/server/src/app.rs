//! What every part of the server shares: settings, store, keys, and how it stops.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vwm_api::SessionId;
use vwm_client::Harness;
use vwm_jobs::{Endpoint, JobBackend, JobId, Local};
use vwm_store::Store;

use crate::admin_key::AdminKey;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::disk::Disk;
use crate::first_start;
use crate::keeper::Counts;
use crate::keys::Keys;
use crate::orchestrator::clock::Clock;
use crate::orchestrator::engines::Engines;
use crate::orchestrator::slots::Slots;
use crate::orchestrator::wanted::Wanted;
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
    /// Which sessions file calls want a job of.
    pub(crate) wanted: Arc<Wanted>,
    /// Which turns may run, where their number is bounded.
    pub(crate) slots: Slots,
    /// Which engines run.
    pub(crate) engines: Engines,
    /// Whether the machine's clock can be believed.
    pub(crate) clock: Clock,
    /// How much room there is.
    pub(crate) disk: Disk,
    /// What the housekeeping did.
    pub(crate) counts: Counts,
    /// Every task of the server.
    pub tasks: TaskTracker,
    /// When it started.
    pub started_at: Instant,
    pub(crate) data_dir: Arc<DataDir>,
    /// The file with an admin's secret. Its lock is held across writes to the database: a file that says something else than that is
    /// worth nothing, and keys change seldom.
    pub(crate) admin_key: Mutex<AdminKey>,
    /// Tells that a key opens nothing any more: who let somebody in looks again.
    pub(crate) key_changes: watch::Sender<()>,
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
    /// Opens the data directory, and makes it on the first start; waits for PostgreSQL where it is away or starts. Nothing listens and nothing is orchestrated yet.
    pub async fn open(config: Config) -> Result<Arc<Self>, StartError> {
        let data_dir = Arc::new(DataDir::open(&config.data_dir)?);
        Scratch::clear(&config.data_dir)?;
        let keys = Keys::open(&data_dir)?;
        let jobs = Local::open(&config.data_dir)?;
        let store = match &config.database_url {
            None => Store::open(&config.data_dir).await?,
            Some(url) => Store::open_postgres(&config.data_dir, url.expose()).await?,
        };
        if !store
            .belongs_to(keys.hash_of("whose database it is"))
            .await?
        {
            return Err(StartError::OthersDatabase);
        }
        let admin_key = AdminKey::of(&data_dir);
        first_start::prepare(&admin_key, &store, &keys).await?;
        let slots = Slots::open(&config.limits, &store).await?;
        let disk = Disk::new(&config.data_dir, config.limits.disk_reserve);
        Ok(Arc::new(Self {
            config,
            store,
            jobs: Box::new(jobs),
            keys,
            stop: CancellationToken::new(),
            wanted: Arc::default(),
            slots,
            engines: Engines::default(),
            clock: Clock::default(),
            disk,
            counts: Counts::default(),
            tasks: TaskTracker::new(),
            started_at: Instant::now(),
            data_dir,
            admin_key: Mutex::new(admin_key),
            key_changes: watch::Sender::new(()),
        }))
    }

    /// Returns the token between this server and the job of a session.
    #[must_use]
    pub fn job_token(&self, session: SessionId, generation: i64) -> String {
        self.keys.job_token(session, generation)
    }

    /// Returns how to speak to a job's harness.
    pub(crate) fn harness(&self, id: JobId, endpoint: Endpoint) -> Harness {
        let Endpoint::Unix(path) = endpoint;
        Harness {
            endpoint: vwm_client::Endpoint::Unix(path),
            token: self.job_token(id.session, id.generation),
            generation: id.generation,
        }
    }

    /// Whether repositories may be `file` and plain `http`.
    #[must_use]
    pub fn allows_local_repositories(&self) -> bool {
        self.config.is_loopback()
    }
}
