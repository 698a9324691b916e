//! What the server is told at its start: flags over `VWM_*` over a YAML file over defaults. The only place that reads the environment.

mod args;
mod database_url;
mod environment;
mod file;
mod limits;
mod origin;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use vwm_api::harness::Provider;

pub use args::ServerArgs;
pub use database_url::DatabaseUrl;
use environment::Environment;
use file::{ConfigFile, ProviderFile, ProviderName};
pub use limits::{LimitArgs, Limits};
pub use origin::{NoOrigin, Origin};

/// The port that a server listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 7420;

/// Everything that a server is told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where it listens; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// Where engines are installed.
    pub engines_dir: PathBuf,
    /// Whether engines may run without a wall.
    pub unconfined: bool,
    /// The models' providers that have a key, by name.
    pub providers: BTreeMap<String, Provider>,
    /// How many prompts of one conversation may wait.
    pub queue_limit: u32,
    /// For how many seconds a branch that cannot be pushed holds up a session's end.
    pub end_deadline_s: u32,
    /// How many seconds a worker has to write down what it learned.
    pub learning_timeout_s: u32,
    /// The largest file that a client may put into a workspace, in bytes.
    pub upload_max: u64,
    /// Whose pages may ask from a browser.
    pub allow_origins: Vec<Origin>,
    /// What bounds the server.
    pub limits: Limits,
    /// PostgreSQL, as its URL; SQLite in the data directory where there is none. It may hold a password.
    pub database_url: Option<DatabaseUrl>,
    /// How long a stop waits for open connections.
    pub grace: Duration,
    /// How much is logged: a level or directives.
    pub log: String,
    /// In which form it is logged.
    pub log_format: LogFormat,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Why the server does not know what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or folder is not there, or not ours to read.
    #[error("cannot read {}; does it exist?", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that it cannot say.
    #[error("the settings file {} is not understood: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What and where.
        fault: String,
    },
    /// A variable has a value that it cannot have.
    #[error("{name} cannot be {value:?}: {wanted}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// A provider's base URL is none.
    #[error(
        "the base URL of {provider} must begin with http:// or https://; set {variable} to one that does"
    )]
    BaseUrl {
        /// The provider.
        provider: &'static str,
        /// The variable that names it.
        variable: &'static str,
    },
    /// There is no home folder to keep things in.
    #[error("there is no home folder to keep data in; name one with --data-dir")]
    NoHome,
    /// An operator of another product expects its database to be used.
    #[error(
        "PG_SERVER is set and VWM_DATABASE_URL is not: only VWM_* variables are read, and the server would start on SQLite; \
         set VWM_DATABASE_URL, or unset PG_SERVER"
    )]
    PgServer,
    /// The database's address is none.
    #[error(
        "VWM_DATABASE_URL is not understood; give postgres://USER:PASSWORD@HOST:PORT/DATABASE, or leave it out for SQLite"
    )]
    DatabaseUrl,
}

impl Config {
    /// Reads flags, environment and file.
    pub fn read(args: ServerArgs) -> Result<Self, ConfigError> {
        Self::resolve(args, &Environment::of_process())
    }

    /// A server on a free loopback port that keeps everything in one folder, engines included; it reads nothing.
    #[must_use]
    pub fn in_folder(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            engines_dir: data_dir.join("engines"),
            data_dir,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            unconfined: false,
            providers: BTreeMap::new(),
            queue_limit: DEFAULT_QUEUE_LIMIT,
            end_deadline_s: DEFAULT_END_DEADLINE_S,
            learning_timeout_s: DEFAULT_LEARNING_TIMEOUT_S,
            upload_max: DEFAULT_UPLOAD_MAX,
            allow_origins: Vec::new(),
            limits: Limits::default(),
            database_url: None,
            grace: DEFAULT_GRACE,
            log: DEFAULT_LOG.to_owned(),
            log_format: LogFormat::default(),
        }
    }

    /// Whether only this machine reaches the server; then repositories may be `file` and plain `http`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.listen.ip() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        }
    }

    fn resolve(args: ServerArgs, env: &Environment) -> Result<Self, ConfigError> {
        let file = match args.config.or_else(|| env.path("VWM_CONFIG")) {
            Some(path) => file::read(&path)?,
            None => ConfigFile::default(),
        };
        let data_dir = args.data_dir.or_else(|| env.path("VWM_DATA_DIR"));
        let data_dir = data_dir.or(file.data_dir).or_else(|| env.data_home());
        let engines_dir = args.engines_dir.or_else(|| env.path("VWM_ENGINES_DIR"));
        let engines_dir = engines_dir.or(file.engines_dir);
        let engines_dir = engines_dir.or_else(|| Some(env.data_home()?.join("engines")));
        let unconfined = env.switch("VWM_UNCONFINED")?.or(file.unconfined);
        let grace = args
            .grace
            .or(env.parsed("VWM_GRACE", "give whole seconds")?);
        Ok(Self {
            data_dir: absolute(data_dir)?,
            engines_dir: absolute(engines_dir)?,
            listen: args
                .listen
                .or(env.parsed("VWM_LISTEN", "give HOST:PORT, such as 127.0.0.1:7420")?)
                .or(file.listen)
                .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT))),
            unconfined: args.unconfined || unconfined.unwrap_or(false),
            providers: providers(env, file.providers)?,
            queue_limit: args
                .queue_limit
                .or(env.parsed("VWM_QUEUE_LIMIT", "give a whole number")?)
                .or(file.queue_limit)
                .unwrap_or(DEFAULT_QUEUE_LIMIT),
            end_deadline_s: args
                .end_deadline
                .or(env.parsed("VWM_END_DEADLINE", "give whole seconds")?)
                .or(file.end_deadline)
                .unwrap_or(DEFAULT_END_DEADLINE_S),
            learning_timeout_s: args
                .learning_timeout
                .or(env.parsed("VWM_LEARNING_TIMEOUT", "give whole seconds, at least 1")?)
                .or(file.learning_timeout)
                .map_or(DEFAULT_LEARNING_TIMEOUT_S, NonZeroU32::get),
            upload_max: args
                .upload_max
                .or(env.parsed("VWM_UPLOAD_MAX", "give a whole number of bytes")?)
                .or(file.upload_max)
                .unwrap_or(DEFAULT_UPLOAD_MAX),
            limits: limits::resolve(&args.limits, env, &file.limits)?,
            database_url: database_url(env, file.database_url)?,
            allow_origins: allow_origins(args.allow_origins, env, file.allow_origins)?,
            grace: grace
                .or(file.grace)
                .map_or(DEFAULT_GRACE, Duration::from_secs),
            log: args
                .log
                .or_else(|| env.text("VWM_LOG"))
                .or(file.log)
                .unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            log_format: args
                .log_format
                .or(env.log_format("VWM_LOG_FORMAT")?)
                .or(file.log_format)
                .unwrap_or_default(),
        })
    }
}

/// Returns the folder that a server and the command line keep their data in unless told otherwise: `VWM_DATA_DIR`, or the
/// platform's data folder for vwm.
#[must_use]
pub fn default_data_dir() -> Option<PathBuf> {
    let env = Environment::of_process();
    env.path("VWM_DATA_DIR").or_else(|| env.data_home())
}

const DEFAULT_QUEUE_LIMIT: u32 = 64;
const DEFAULT_END_DEADLINE_S: u32 = 600;
const DEFAULT_LEARNING_TIMEOUT_S: u32 = 600;
const DEFAULT_UPLOAD_MAX: u64 = 1 << 30;
const DEFAULT_GRACE: Duration = Duration::from_secs(10);
const DEFAULT_LOG: &str = "info";

/// Name, key variable, base URL variable, base URL in the form that the vendor's own SDK takes.
type KnownProvider = (
    ProviderName,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const PROVIDERS: [KnownProvider; 3] = [
    (
        ProviderName::Anthropic,
        "anthropic",
        "VWM_ANTHROPIC_API_KEY",
        "VWM_ANTHROPIC_BASE_URL",
        "https://api.anthropic.com",
    ),
    (
        ProviderName::Openai,
        "openai",
        "VWM_OPENAI_API_KEY",
        "VWM_OPENAI_BASE_URL",
        "https://api.openai.com/v1",
    ),
    (
        ProviderName::Gemini,
        "gemini",
        "VWM_GEMINI_API_KEY",
        "VWM_GEMINI_BASE_URL",
        "https://generativelanguage.googleapis.com",
    ),
];

fn providers(
    env: &Environment,
    mut file: BTreeMap<ProviderName, ProviderFile>,
) -> Result<BTreeMap<String, Provider>, ConfigError> {
    let mut found = BTreeMap::new();
    for (id, provider, key_variable, variable, usual) in PROVIDERS {
        let file = file.remove(&id).unwrap_or_default();
        let base_url = env.text(variable).or(file.base_url);
        let base_url = base_url.unwrap_or_else(|| usual.to_owned());
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            return Err(ConfigError::BaseUrl { provider, variable });
        }
        let key = env.text(key_variable).or(file.api_key);
        if let Some(api_key) = key.filter(|key| !key.is_empty()) {
            let base_url = base_url.trim_end_matches('/').to_owned();
            found.insert(provider.to_owned(), Provider { base_url, api_key });
        }
    }
    Ok(found)
}

/// Jobs have working directories of their own, so no path of ours may depend on one.
fn absolute(path: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    let path = path.ok_or(ConfigError::NoHome)?;
    std::path::absolute(&path).map_err(|source| ConfigError::Unreadable { path, source })
}

/// The first of the three that names any.
fn allow_origins(
    flags: Vec<Origin>,
    env: &Environment,
    file: Vec<Origin>,
) -> Result<Vec<Origin>, ConfigError> {
    const NAME: &str = "VWM_ALLOW_ORIGINS";
    if !flags.is_empty() {
        return Ok(flags);
    }
    let Some(value) = env.text(NAME) else {
        return Ok(file);
    };
    let origins = value.split(',').map(|origin| origin.trim().parse());
    let origins: Result<_, NoOrigin> = origins.collect();
    origins.map_err(|_| ConfigError::Variable {
        name: NAME,
        value,
        wanted: "give origins such as https://console.example.com, with commas between them",
    })
}

/// No flag names it: who lists the machine's processes would read its password.
fn database_url(
    env: &Environment,
    file: Option<String>,
) -> Result<Option<DatabaseUrl>, ConfigError> {
    match env.text("VWM_DATABASE_URL").or(file) {
        Some(url) => Ok(Some(DatabaseUrl::parse(url)?)),
        None if env.text("PG_SERVER").is_some() => Err(ConfigError::PgServer),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
