//! What VWM remembers: all SQL, the blobs, and the wakes that tell when there is something new to read.
//!
//! A method is a transaction; when it has answered, what it wrote survives the death of every process and a loss of power.

mod admission;
mod blobs;
mod codec;
mod collected;
mod db;
mod error;
mod events;
mod file_changes;
mod follow;
mod idempotency;
mod installation;
mod jobs;
mod keys;
mod learnings;
mod native_ids;
mod numbers;
mod postgres;
mod records;
mod retention;
mod runtimes;
mod sessions;
mod settings;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod turns;
mod wake;
mod window;
mod workers;
mod writer;

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};

pub use admission::SessionLimits;
pub use blobs::{BlobHash, BlobReader, Blobs};
pub use collected::CollectedBlob;
pub use error::StoreError;
pub use events::{Frame, LogExtent};
pub use follow::{Follow, Followed};
pub use idempotency::{Created, Idempotency};
pub use keys::{KeyRevocation, KeyRotation};
pub use learnings::{Learn, Learned, LearningRow, LearningTurn};
pub use numbers::Usage;
pub use postgres::look_at_postgres;
pub use retention::{EventsKept, Kept, Trimmed};
pub use sessions::lifecycle::{FailedResume, LostVolume, Resumption, Suspension};
pub use sessions::{NewSessionRow, SessionFilter, SessionRow};
pub use turns::{NewTurn, SlotHolder, Turn, TurnCreated, Waiting};
pub use wake::Watch;
pub use window::{Frames, gap};

use db::{Connection, Readers};
use postgres::Postgres;
use wake::Wakes;
use writer::{Running, Writer, Written};

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Readers beside the writer: each is a thread, and reads are short.
const READERS: u32 = 4;
/// How long a connection waits for a lock that another one holds, as a backup that somebody makes by hand.
const BUSY: Duration = Duration::from_secs(10);

/// What VWM remembers; clones are the same store.
#[derive(Clone)]
pub struct Store {
    methods: Methods,
    readers: Readers,
    blobs: Blobs,
    wakes: Arc<Wakes>,
}

/// Where methods run.
#[derive(Clone)]
enum Methods {
    Sqlite(Writer),
    Postgres(Postgres),
}

impl Store {
    /// Opens the store in a folder, and makes both where they are missing. The caller holds the folder's lock.
    pub async fn open(data_dir: &Path) -> Result<Self> {
        let blobs = open_blobs(data_dir).await?;
        let file = data_dir.join("vwm.db");
        // SQLite gives the files beside it the same rights; the folder may be open to others for what else lies there.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(StoreError::io("create", &file))?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL does not sync a commit in WAL.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .statement_cache_capacity(256)
            .pragma("journal_size_limit", "67108864");
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .map_err(StoreError::opening(&file))?;
        MIGRATIONS
            .run(&mut connection)
            .await
            .map_err(|source| StoreError::Migrate {
                what: file.display().to_string(),
                source,
            })?;

        let reading = SqliteConnectOptions::new()
            .filename(&file)
            .read_only(true)
            .busy_timeout(BUSY);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_with(reading)
            .await
            .map_err(StoreError::opening(&file))?;
        let wakes = Arc::new(Wakes::default());
        let writer = Writer::start(Connection::Sqlite(connection), options, Arc::clone(&wakes));
        Ok(Self {
            methods: Methods::Sqlite(writer),
            readers: Readers::Sqlite(readers),
            blobs,
            wakes,
        })
    }

    /// Opens the store in a database of PostgreSQL, and makes what is missing in it; blobs are in the folder, whose lock the caller
    /// holds. Waits, and says so in the log, as long as the database is away or starts; drop the future to give up.
    pub async fn open_postgres(data_dir: &Path, url: &str) -> Result<Self> {
        let blobs = open_blobs(data_dir).await?;
        let (postgres, readers, wakes) = Postgres::open(url).await?;
        Ok(Self {
            methods: Methods::Postgres(postgres),
            readers: Readers::Postgres(readers),
            blobs,
            wakes,
        })
    }

    /// Writes what waits and closes the files; whatever is asked later is `Closed`.
    pub async fn close(&self) -> Result<()> {
        // The readers first: only the last connection tidies up, and only one that may write can.
        self.readers.close().await;
        match &self.methods {
            Methods::Sqlite(writer) => writer.close().await,
            Methods::Postgres(postgres) => {
                postgres.close().await;
                Ok(())
            }
        }
    }

    /// Succeeds when the database can be read and written.
    pub async fn ping(&self) -> Result<()> {
        db::query("SELECT 1").execute(&self.readers).await?;
        self.write(|connection| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(Written::silently(()))
            })
        })
        .await
    }

    /// Which database remembers: `sqlite` or `postgres`.
    #[must_use]
    pub fn database(&self) -> &'static str {
        match self.readers {
            Readers::Sqlite(_) => "sqlite",
            Readers::Postgres(_) => "postgres",
        }
    }

    /// The files that are kept beyond a session's volume.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    async fn write<T, F>(&self, method: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> Running<'c, Result<Written<T>>> + Send + 'static,
    {
        let written = match &self.methods {
            Methods::Sqlite(writer) => writer.write(method).await,
            Methods::Postgres(postgres) => postgres.write(method).await,
        };
        if written.is_ok() {
            vwm_failpoints::pass_method::<F>("committed");
        }
        written
    }
}

async fn open_blobs(data_dir: &Path) -> Result<Blobs> {
    // Prompts and answers are nobody else's.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(StoreError::io("create", data_dir))?;
    Blobs::open(data_dir.join("blobs")).await
}
