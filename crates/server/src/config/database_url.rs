//! Where PostgreSQL is. It may hold a password, so nothing shows it whole.

use std::fmt;

use super::ConfigError;

/// The address of a PostgreSQL database.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes `postgres://…` or `postgresql://…`.
    pub fn parse(url: impl Into<String>) -> Result<Self, ConfigError> {
        let url = url.into();
        let is_postgres = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if is_postgres {
            Ok(Self(url))
        } else {
            Err(ConfigError::DatabaseUrl)
        }
    }

    /// The whole address, for the store alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}
