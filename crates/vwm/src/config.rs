//! What the environment tells the command line, read once. The only place of this crate that reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The variables that the command line looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    /// `VWM_URL`: a server elsewhere.
    pub(crate) url: Option<String>,
    /// `VWM_API_KEY`: the key to it.
    pub(crate) api_key: Option<String>,
    /// `VWM_ANTHROPIC_API_KEY`: what `vwm demo --live` may spend, after it asked.
    pub(crate) anthropic_api_key: Option<String>,
    /// The data directory that holds unless a flag says otherwise.
    pub(crate) data_dir: Option<PathBuf>,
    /// Whether `VWM_DATA_DIR` named it.
    pub(crate) is_data_dir_named: bool,
    /// The user's configuration folder for vwm, where a login is kept.
    pub(crate) config_home: Option<PathBuf>,
    /// The platform's data folder for vwm, which is its owner's alone.
    pub(crate) data_home: Option<PathBuf>,
    /// Where engines are installed unless a flag says otherwise.
    pub(crate) engines_dir: Option<PathBuf>,
    /// What npm needs of a shell's environment, and no more.
    pub(crate) npm: BTreeMap<String, String>,
    /// `PATH`, for git and the demo's server.
    pub(crate) path: String,
}

impl Environment {
    /// Reads the environment of this process.
    #[must_use]
    pub(crate) fn read() -> Self {
        // Not `vars()`: it panics where any variable of the process is not UTF-8.
        Self::of(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// What these variables say; an empty one counts as unset.
    fn of(variables: impl Iterator<Item = (String, String)>) -> Self {
        let all: BTreeMap<_, _> = variables.filter(|(_, value)| !value.is_empty()).collect();
        let text = |name: &str| all.get(name).cloned();
        let path = |name: &str| text(name).map(PathBuf::from);
        // A relative one is to be ignored, says the XDG specification.
        let xdg = |name: &str, usual: &str| {
            let named = path(name).filter(|path| path.is_absolute());
            let home = named.or_else(|| Some(path("HOME")?.join(usual)));
            home.map(|home| home.join("vwm"))
        };
        let data_home = xdg("XDG_DATA_HOME", ".local/share");
        // Its own, and what a network needs that has a proxy or a certificate authority of its own.
        let is_npms = |name: &str| {
            let lower = name.to_lowercase();
            matches!(
                name,
                "PATH" | "HOME" | "NODE_EXTRA_CA_CERTS" | "SSL_CERT_FILE" | "SSL_CERT_DIR"
            ) || matches!(
                lower.as_str(),
                "http_proxy" | "https_proxy" | "all_proxy" | "no_proxy"
            ) || lower.starts_with("npm_config_")
        };
        let npm = all.iter().filter(|(name, _)| is_npms(name));
        Self {
            url: text("VWM_URL"),
            api_key: text("VWM_API_KEY"),
            anthropic_api_key: text("VWM_ANTHROPIC_API_KEY"),
            data_dir: path("VWM_DATA_DIR").or_else(|| data_home.clone()),
            is_data_dir_named: path("VWM_DATA_DIR").is_some(),
            config_home: xdg("XDG_CONFIG_HOME", ".config"),
            engines_dir: path("VWM_ENGINES_DIR")
                .or_else(|| data_home.as_ref().map(|home| home.join("engines"))),
            data_home,
            npm: npm
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            path: text("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Environment {
        let all = variables.iter();
        Environment::of(all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn folders_follow_the_platform_unless_they_are_named() {
        let usual = of(&[("HOME", "/home/ann"), ("VWM_DATA_DIR", "")]);
        assert_eq!(usual.data_dir, Some("/home/ann/.local/share/vwm".into()));
        assert_eq!(
            usual.engines_dir,
            Some("/home/ann/.local/share/vwm/engines".into())
        );
        assert_eq!(usual.config_home, Some("/home/ann/.config/vwm".into()));
        assert!(!usual.is_data_dir_named);
        let named = of(&[
            ("VWM_DATA_DIR", "/d"),
            ("XDG_DATA_HOME", "/x"),
            ("XDG_CONFIG_HOME", "/c"),
        ]);
        assert_eq!(named.config_home, Some("/c/vwm".into()));
        assert!(named.is_data_dir_named);
        assert_eq!(named.data_dir, Some("/d".into()));
        assert_eq!(named.engines_dir, Some("/x/vwm/engines".into()));
        assert_eq!(of(&[("XDG_DATA_HOME", "x")]).data_dir, None);
    }

    #[test]
    fn npm_is_given_its_own_variables_and_no_key_of_anybody() {
        let env = of(&[
            ("PATH", "/bin"),
            ("HOME", "/home/ann"),
            ("npm_config_registry", "r"),
            ("NPM_CONFIG_CACHE", "c"),
            ("HTTPS_PROXY", "p"),
            ("NODE_EXTRA_CA_CERTS", "ca"),
            ("NODE_OPTIONS", "--require x"),
            ("ANTHROPIC_API_KEY", "sk-personal"),
            ("VWM_API_KEY", "vwm_x"),
        ]);
        let names: Vec<_> = env.npm.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "HOME",
                "HTTPS_PROXY",
                "NODE_EXTRA_CA_CERTS",
                "NPM_CONFIG_CACHE",
                "PATH",
                "npm_config_registry"
            ]
        );
    }
}
