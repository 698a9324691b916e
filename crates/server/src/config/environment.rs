//! The environment, read once and asked by name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use super::{ConfigError, LogFormat};

/// The variables that a server looks at; an empty one counts as unset.
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process.
    pub(super) fn of_process() -> Self {
        let names = |name: &str| {
            name.starts_with("VWM_") || matches!(name, "PG_SERVER" | "HOME" | "XDG_DATA_HOME")
        };
        // Not `vars()`: it panics where any variable of the process is not UTF-8.
        let all = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::of(all.filter(|(name, _)| names(name)))
    }

    /// An environment that holds these.
    pub(super) fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let set = variables.into_iter().filter(|(_, value)| !value.is_empty());
        Self(set.collect())
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// A path.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// A value that is written as text.
    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        wanted: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => Err(ConfigError::Variable {
                name,
                value,
                wanted,
            }),
        }
    }

    /// A switch: `1` or `true`, `0` or `false`.
    pub(super) fn switch(&self, name: &'static str) -> Result<Option<bool>, ConfigError> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("1" | "true") => Ok(Some(true)),
            Some("0" | "false") => Ok(Some(false)),
            Some(value) => Err(ConfigError::Variable {
                name,
                value: value.to_owned(),
                wanted: "give 1 or 0",
            }),
        }
    }

    /// The form of the log.
    pub(super) fn log_format(&self, name: &'static str) -> Result<Option<LogFormat>, ConfigError> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("text") => Ok(Some(LogFormat::Text)),
            Some("json") => Ok(Some(LogFormat::Json)),
            Some(value) => Err(ConfigError::Variable {
                name,
                value: value.to_owned(),
                wanted: "give text or json",
            }),
        }
    }

    /// The platform's data folder for vwm.
    pub(super) fn data_home(&self) -> Option<PathBuf> {
        // A relative one is to be ignored, says the XDG specification.
        let xdg = self.path("XDG_DATA_HOME").filter(|path| path.is_absolute());
        let home = || Some(self.path("HOME")?.join(".local/share"));
        Some(xdg.or_else(home)?.join("vwm"))
    }
}
