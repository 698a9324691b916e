//! A PostgreSQL database for one test: a copy of one whose tables are made already, gone when it is dropped.

mod way;

use std::thread;

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::runtime;
use uuid::Uuid;

use crate::Store;

pub use way::Way;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What says to tests where PostgreSQL is.
pub const VARIABLE: &str = "VWM_TEST_POSTGRES";

/// A database of its own, with all tables and nothing in them.
#[derive(Debug)]
pub struct ScratchDatabase {
    server: String,
    name: String,
}

impl ScratchDatabase {
    /// Makes one on the server that a URL names, whose role may make databases; none is where `cargo xtask` started none.
    pub async fn new(server: Option<String>) -> Self {
        let server = server.unwrap_or_else(|| {
            panic!(
                "{VARIABLE} is not set: `cargo xtask test` starts PostgreSQL by itself, and `cargo xtask postgres` prints the line \
                 to set it with"
            )
        });
        let template = template(&server).await;
        let name = format!("vwm_test_{}", Uuid::new_v4().simple());
        run(
            &server,
            format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await;
        Self { server, name }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        of_database(&self.server, &self.name)
    }

    /// Runs a statement on it, behind the back of whoever uses it.
    pub async fn execute(&self, sql: &str) {
        run(&self.url(), in_schemas(sql)).await;
    }

    /// Returns the number that a query finds.
    pub async fn count(&self, sql: &str) -> i64 {
        let mut connection = connect(&self.url()).await;
        execute(&mut connection, in_schemas("SELECT 1")).await;
        let counted = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        let counted = counted.fetch_one(&mut connection).await;
        counted.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // The test's own runtime may be this thread's, which cannot wait for it here.
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .expect("a thread can have a runtime")
                .block_on(run(&server, sql));
        });
        if dropping.join().is_err() {
            eprintln!("{} is left behind", self.name);
        }
    }
}

/// Makes the database that others are copied from, unless another process did.
async fn template(server: &str) -> String {
    let mut hash = blake3::Hasher::new();
    for migration in MIGRATIONS.iter() {
        hash.update(&migration.checksum);
    }
    let name = format!("vwm_template_{}", &hash.finalize().to_hex()[..16]);
    let mut connection = connect(server).await;
    // One at a time: it goes with the connection.
    execute(&mut connection, "SELECT pg_advisory_lock(7421)".to_owned()).await;
    let found = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut connection)
        .await
        .expect("PostgreSQL answers");
    if found.is_none() {
        let unfinished = format!("{name}_unfinished");
        execute(
            &mut connection,
            format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"),
        )
        .await;
        execute(&mut connection, format!("CREATE DATABASE {unfinished}")).await;
        let folder = std::env::temp_dir().join(&unfinished);
        let url = of_database(server, &unfinished);
        let store = Store::open_postgres(&folder, &url).await;
        let store = store.expect("a new database can be opened");
        store.close().await.expect("what is open can be closed");
        // Nothing is in it but the empty folder for blobs.
        let _ = std::fs::remove_dir_all(&folder);
        execute(
            &mut connection,
            format!("ALTER DATABASE {unfinished} RENAME TO {name}"),
        )
        .await;
    }
    connection
        .close()
        .await
        .expect("what is open can be closed");
    name
}

/// The same server and role, another database.
fn of_database(server: &str, name: &str) -> String {
    let (address, options) = match server.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (server, String::new()),
    };
    let behind_scheme = address.find("://").map_or(0, |at| at + 3);
    let address = match address[behind_scheme..].find('/') {
        Some(at) => &address[..behind_scheme + at],
        None => address,
    };
    format!("{address}/{name}{options}")
}

fn in_schemas(sql: &str) -> String {
    format!("SET search_path = vwm, vw_telemetry, shared; {sql}")
}

async fn run(url: &str, sql: String) {
    let mut connection = connect(url).await;
    execute(&mut connection, sql).await;
    connection
        .close()
        .await
        .expect("what is open can be closed");
}

async fn connect(url: &str) -> PgConnection {
    let connection = PgConnection::connect(url).await;
    connection.unwrap_or_else(|error| panic!("PostgreSQL is not where {VARIABLE} says: {error}"))
}

async fn execute(connection: &mut PgConnection, sql: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
