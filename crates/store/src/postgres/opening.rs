//! How a database is found fit: waited for while it starts, and refused at once where waiting would not help.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::refusal::{self, Place};
use crate::{Result, db};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Where names are looked for, and with the first one, where they are made.
const SCHEMAS: [&str; 3] = ["vwm", "vw_telemetry", "shared"];
const SEARCH_PATH: &str = "vwm,vw_telemetry,shared";
/// How long one try may take.
const TRY: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(250);
/// How often it is told what is waited for.
const TELL: Duration = Duration::from_secs(5);

/// Waits for the database, makes or checks its tables, and returns how to connect to it.
pub(super) async fn open(url: &str) -> Result<PgConnectOptions> {
    let options = options(url)?;
    let place = Place::of(&options);
    let mut connection = connect(&options, &place).await?;
    check(&mut connection, &place).await?;
    migrate(&mut connection)
        .await
        .map_err(|error| place.tables(error))?;
    // Whatever comes of it, it is not used any more.
    let _ = connection.close().await;
    let longest = db::LONGEST.as_millis().to_string();
    Ok(options.options([
        ("statement_timeout", longest.as_str()),
        // The locks of a server whose machine is gone without a word.
        ("idle_in_transaction_session_timeout", "60000"),
    ]))
}

fn options(url: &str) -> Result<PgConnectOptions> {
    let mut options: PgConnectOptions = url.parse().map_err(refusal::no_url)?;
    // What the address leaves out comes from no variable of the environment.
    if !names_password(url) {
        options = options.password("");
    }
    if !url.contains("sslmode=") && !url.contains("ssl-mode=") {
        options = options.ssl_mode(PgSslMode::Prefer);
    }
    Ok(options
        .application_name("vwm")
        .statement_cache_capacity(256)
        // That a table is there already is nothing to tell.
        .options([
            ("search_path", SEARCH_PATH),
            ("client_min_messages", "warning"),
        ]))
}

fn names_password(url: &str) -> bool {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = behind_scheme.split_once('@').map_or("", |(user, _)| user);
    user.contains(':') || url.contains("password=")
}

async fn connect(options: &PgConnectOptions, place: &Place) -> Result<PgConnection> {
    let mut told: Option<Instant> = None;
    loop {
        let why = match timeout(TRY, try_once(options)).await {
            Ok(Ok(Some(connection))) => {
                if told.is_some() {
                    info!("PostgreSQL is there: {place}");
                }
                return Ok(connection);
            }
            Ok(Ok(None)) => "it is in recovery, or a standby that only reads".to_owned(),
            Ok(Err(error)) if refusal::may_pass(&error) => error.to_string(),
            Ok(Err(error)) => return Err(place.refused(error)),
            Err(_) => "it does not answer".to_owned(),
        };
        if told.is_none_or(|at| at.elapsed() >= TELL) {
            warn!("Waiting for PostgreSQL, {place}: {why}");
            told = Some(Instant::now());
        }
        sleep(BETWEEN).await;
    }
}

/// Connects once, changes nothing, and says which database it was.
pub(super) async fn look(url: &str) -> Result<String> {
    let options = options(url)?;
    let place = Place::of(&options);
    match timeout(TRY, try_once(&options)).await {
        Ok(Ok(Some(mut connection))) => {
            check(&mut connection, &place).await?;
            // Whatever comes of it, it is not used any more.
            let _ = connection.close().await;
            Ok(place.to_string())
        }
        Ok(Ok(None)) => Err(place.silent("it is in recovery, or a standby that only reads")),
        Ok(Err(error)) => Err(place.refused(error)),
        Err(_) => Err(place.silent("it does not answer")),
    }
}

/// None where it lets us in and takes no writes yet.
async fn try_once(options: &PgConnectOptions) -> sqlx::Result<Option<PgConnection>> {
    let mut connection = options.connect().await?;
    let row = sqlx::query("SELECT pg_is_in_recovery()")
        .fetch_one(&mut connection)
        .await?;
    Ok((!row.try_get::<bool, _>(0)?).then_some(connection))
}

async fn check(connection: &mut PgConnection, place: &Place) -> Result<()> {
    let row =
        sqlx::query("SELECT current_setting('search_path'), current_setting('server_encoding')")
            .fetch_one(connection)
            .await?;
    let (search_path, encoding): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    if search_path != SEARCH_PATH {
        return Err(place.search_path(&search_path));
    }
    if encoding != "UTF8" {
        return Err(place.encoding(&encoding));
    }
    Ok(())
}

async fn migrate(
    connection: &mut PgConnection,
) -> std::result::Result<(), sqlx::migrate::MigrateError> {
    for schema in SCHEMAS {
        // Asked first: making one that exists needs a right that a role may not have.
        let found = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1")
            .bind(schema)
            .fetch_optional(&mut *connection)
            .await?;
        if found.is_none() {
            let make = match schema {
                "vwm" => "CREATE SCHEMA IF NOT EXISTS vwm",
                "vw_telemetry" => "CREATE SCHEMA IF NOT EXISTS vw_telemetry",
                _ => "CREATE SCHEMA IF NOT EXISTS shared",
            };
            sqlx::query(make).execute(&mut *connection).await?;
        }
    }
    // `run` would make a future that no task takes, because of how generic it is in the connection.
    MIGRATIONS.run_direct(None, connection, false).await
}
