//! What a server would be told that is started here and now, keys included: whether they are set, and never what they are.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use vwm_api::harness::Provider;
use vwm_server::config::{Config, ConfigError, DEFAULT_PORT, DatabaseUrl, ServerArgs};

use super::check::Check;
use crate::connect::Context;

/// What a server would be told; where that makes no sense, what the command line knows by itself.
pub(super) struct Settings {
    /// The data directory.
    pub(super) data_dir: Option<PathBuf>,
    /// Where engines are installed.
    pub(super) engines_dir: Option<PathBuf>,
    /// Where it would listen.
    pub(super) listen: SocketAddr,
    /// PostgreSQL, where that is used.
    pub(super) database_url: Option<DatabaseUrl>,
    /// Whether engines may run without a wall.
    pub(super) is_unconfined: bool,
    /// The providers that have a key; unknown where the settings make no sense.
    providers: Option<BTreeMap<String, Provider>>,
}

/// Name, variable, the engine that needs it.
const PROVIDERS: [(&str, &str, Option<&str>); 3] = [
    ("anthropic", "VWM_ANTHROPIC_API_KEY", Some("claude-code")),
    ("openai", "VWM_OPENAI_API_KEY", None),
    ("gemini", "VWM_GEMINI_API_KEY", None),
];

impl Settings {
    /// Reads them, and says whether they are understood.
    pub(super) fn read(engines_dir: Option<PathBuf>, context: &Context) -> (Self, Check) {
        let args = ServerArgs {
            data_dir: context.data_dir.clone(),
            engines_dir: engines_dir.clone(),
            ..ServerArgs::default()
        };
        // The command line looks in these, whatever the server's file says.
        let data_dir = context.data_dir().ok().map(absolute);
        let ours = context.engines_dir(engines_dir).ok().map(absolute);
        match Config::read(args) {
            Ok(config) => {
                let check = agree(
                    (&config.data_dir, &config.engines_dir),
                    (data_dir.as_deref(), ours.as_deref()),
                );
                let settings = Self {
                    data_dir: Some(config.data_dir),
                    engines_dir: Some(config.engines_dir),
                    listen: config.listen,
                    database_url: config.database_url,
                    is_unconfined: config.unconfined,
                    providers: Some(config.providers),
                };
                (settings, check)
            }
            Err(error) => {
                let settings = Self {
                    data_dir,
                    engines_dir: ours,
                    listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
                    database_url: None,
                    is_unconfined: false,
                    providers: None,
                };
                (settings, not_understood(&error))
            }
        }
    }

    /// The keys.
    pub(super) fn keys(&self) -> Check {
        match &self.providers {
            Some(providers) => keys(providers),
            None => Check::warn(
                "keys",
                "unknown, because the settings are not understood",
                "mend the settings first",
            ),
        }
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn agree(servers: (&Path, &Path), ours: (Option<&Path>, Option<&Path>)) -> Check {
    let pairs = [
        (servers.0, ours.0, "dataDir", "VWM_DATA_DIR"),
        (servers.1, ours.1, "enginesDir", "VWM_ENGINES_DIR"),
    ];
    for (theirs, ours, field, variable) in pairs {
        if ours != Some(theirs) {
            return Check::warn(
                "settings",
                format!(
                    "the server's file says {field} {}, which the other commands do not read",
                    theirs.display()
                ),
                format!("set {variable} to it"),
            );
        }
    }
    Check::ok("settings", "understood")
}

fn not_understood(error: &ConfigError) -> Check {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    Check::fail(
        "settings",
        format!("{error}{}", cause.unwrap_or_default()),
        "mend it; until then `vwm server` does not start",
    )
}

fn keys(providers: &BTreeMap<String, Provider>) -> Check {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for (name, variable, needed_by) in PROVIDERS {
        match providers.get(name) {
            Some(provider) => found.push(format!(
                "{name} is set, for {}",
                host(&provider.base_url).unwrap_or("a host that cannot be made out")
            )),
            None => found.push(format!("{name} is not set")),
        }
        if let (None, Some(engine)) = (providers.get(name), needed_by) {
            missing.push(format!(
                "set {variable} where `vwm server` is started: workers of {engine} need it (a server that runs was told its own)"
            ));
        }
    }
    let found = found.join("; ");
    if missing.is_empty() {
        Check::ok("keys", found)
    } else {
        Check::warn("keys", found, missing.join("; "))
    }
}

/// The host of an address, and its port; nothing where a password could be taken for one.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (authority, path) = match rest.find(['/', '?', '#', '\\']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit('@').next()?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-.:[]_".contains(letter);
    let is_host = !host.is_empty() && host.chars().all(is_plain) && !path.contains('@');
    is_host.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn keys_are_set_or_not_and_of_an_address_only_the_host_is_shown() {
        let provider = |base_url: &str| Provider {
            base_url: base_url.to_owned(),
            api_key: "sk-test-secret".to_owned(),
        };
        let providers = [(
            "anthropic".to_owned(),
            provider(
                "http://me:sk-test-secret@proxy.example.com:8080/sk-test-secret?k=sk-test-secret",
            ),
        )];
        assert_eq!(
            keys(&providers.into()),
            Check::ok(
                "keys",
                "anthropic is set, for proxy.example.com:8080; openai is not set; gemini is not set"
            )
        );
        let none = keys(&BTreeMap::new());
        assert_eq!(none.state, State::Warn);
        let todo = none.todo.unwrap_or_default();
        assert!(todo.contains("VWM_ANTHROPIC_API_KEY"), "{todo}");
        assert!(!todo.contains("OPENAI"), "{todo}");
    }

    #[test]
    fn what_could_be_a_password_is_no_host() {
        let hosts = [
            "https://api.anthropic.com",
            "http://[::1]:80/v1",
            "http://me:pass/word@host",
            "http://",
            "host",
        ];
        assert_eq!(
            hosts.map(host),
            [
                Some("api.anthropic.com"),
                Some("[::1]:80"),
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn a_folder_that_only_the_servers_file_names_is_told() {
        let (data, engines) = (Path::new("/d"), Path::new("/e"));
        let same = agree((data, engines), (Some(data), Some(engines)));
        assert_eq!(same, Check::ok("settings", "understood"));
        let other = agree((data, engines), (Some(engines), Some(engines)));
        assert_eq!(
            other,
            Check::warn(
                "settings",
                "the server's file says dataDir /d, which the other commands do not read",
                "set VWM_DATA_DIR to it"
            )
        );
    }
}
