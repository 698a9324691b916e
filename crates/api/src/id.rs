//! Ids are types: a session's id cannot be passed where a worker's is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id; ids are UUIDs such as 01970000-0000-7000-8000-000000000000")]
pub struct IdError {
    /// What was given.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes a new id; later ids sort after earlier ones.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a default id would be a different one each time")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                // The hyphenated form only: an id has one spelling.
                match Uuid::try_parse(text) {
                    Ok(id) if text.len() == 36 => Ok(Self(id)),
                    _ => Err(IdError { text: text.to_owned() }),
                }
            }
        }
    };
}

id!(
    /// A worker: the definition of a team member.
    WorkerId
);
id!(
    /// A session: one sitting with a worker.
    SessionId
);
id!(
    /// One conversation inside a session.
    SubsessionId
);
id!(
    /// A turn; the published contract calls it `requestId`.
    TurnId
);
id!(
    /// A runtime: where a worker runs.
    RuntimeId
);
id!(
    /// An API key.
    KeyId
);

id!(
    /// The record of a file call.
    FileChangeId
);

impl SubsessionId {
    /// The conversation that a prompt without `subsessionId` belongs to: it has the session's own id.
    #[must_use]
    pub fn main(session: SessionId) -> Self {
        Self(session.0)
    }
}

/// What an engine calls a conversation of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct NativeId(pub String);

impl fmt::Display for NativeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = SessionId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        let simple = id.0.simple().to_string();
        assert!(simple.parse::<SessionId>().is_err());
        assert!("".parse::<SessionId>().is_err());
    }
}
