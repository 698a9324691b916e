//! The YAML file that `--config` names.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::limits::LimitFile;
use super::{ConfigError, LogFormat, Origin};

/// What the file may say; every field may be left out.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConfigFile {
    pub(super) data_dir: Option<PathBuf>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) engines_dir: Option<PathBuf>,
    pub(super) unconfined: Option<bool>,
    pub(super) queue_limit: Option<u32>,
    pub(super) end_deadline: Option<u32>,
    pub(super) learning_timeout: Option<NonZeroU32>,
    pub(super) upload_max: Option<u64>,
    #[serde(default)]
    pub(super) allow_origins: Vec<Origin>,
    #[serde(default)]
    pub(super) limits: LimitFile,
    pub(super) database_url: Option<String>,
    pub(super) grace: Option<u64>,
    pub(super) log: Option<String>,
    pub(super) log_format: Option<LogFormat>,
    #[serde(default)]
    pub(super) providers: BTreeMap<ProviderName, ProviderFile>,
}

/// The providers that there are doors for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProviderName {
    Anthropic,
    Openai,
    Gemini,
}

/// One provider in the file.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProviderFile {
    pub(super) api_key: Option<String>,
    pub(super) base_url: Option<String>,
}

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<ConfigFile, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &text)
}

/// Reads the file's text; an empty one says nothing.
pub(super) fn parse(path: &Path, text: &str) -> Result<ConfigFile, ConfigError> {
    if text.trim().is_empty() {
        return Ok(ConfigFile::default());
    }
    serde_saphyr::from_str(text).map_err(|source| ConfigError::File {
        path: path.to_owned(),
        // Only the place and the kind: a snippet of the file could show a key.
        fault: source.without_snippet().to_string(),
    })
}
