//! A session as people name it: by its id, or by the beginning of it that they copied.

use std::str::FromStr;

use vwm_api::{IdError, SessionId};
use vwm_client::{Client, SessionFilter};

use crate::error::CliError;

/// How many of an id's characters are the least that name it.
const LEAST: usize = 4;
/// How many sessions are shown when several fit.
const SHOWN: usize = 3;

/// A session's id, or its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// The whole id.
    Id(SessionId),
    /// What it begins with.
    Beginning(String),
}

impl FromStr for Named {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fault = match text.parse() {
            Ok(id) => return Ok(Self::Id(id)),
            Err(fault) => fault,
        };
        // What people paste often ends with the dots of a table or of an example.
        let beginning = text.trim_end_matches(['…', '.']).to_lowercase();
        let is_short = beginning.len() < 36;
        let is_of_id = |(at, it): (usize, char)| match at {
            8 | 13 | 18 | 23 => it == '-',
            _ => it.is_ascii_hexdigit(),
        };
        if beginning.len() < LEAST || !is_short || !beginning.chars().enumerate().all(is_of_id) {
            return Err(fault);
        }
        Ok(Self::Beginning(beginning))
    }
}

impl Named {
    /// The session's id; the server is asked only where a part of it was given.
    pub(crate) async fn find(&self, client: &Client) -> Result<SessionId, CliError> {
        let beginning = match self {
            Self::Id(id) => return Ok(*id),
            Self::Beginning(beginning) => beginning,
        };
        let found = beginning_with(client, beginning).await?;
        match found.as_slice() {
            [] => Err(CliError::failed(
                format!("there is no session whose id begins with {beginning}"),
                "`vwm session list` shows those that there are",
            )),
            [id] => Ok(*id),
            several => {
                let ids = several.iter().take(SHOWN);
                let ids: String = ids.map(|id| format!("\n  {id}")).collect();
                let rest = several.len().saturating_sub(SHOWN);
                let rest = match rest {
                    0 => String::new(),
                    _ => format!("\n  and {rest} more"),
                };
                Err(CliError::failed(
                    format!("several sessions have an id that begins with {beginning}:{ids}{rest}"),
                    "give more of the id: sessions of the same minute begin alike",
                ))
            }
        }
    }
}

/// The sessions whose ids begin so, newest first.
async fn beginning_with(client: &Client, beginning: &str) -> Result<Vec<SessionId>, CliError> {
    let mut filter = SessionFilter {
        limit: Some(500),
        ..SessionFilter::default()
    };
    let mut found = Vec::new();
    loop {
        let page = client.sessions(&filter).await?;
        for session in &page.items {
            if session.id.to_string().starts_with(beginning) {
                found.push(session.id);
            }
        }
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_or_its_beginning_names_a_session() {
        let id = "01a1ffd9-7c46-7609-9c85-53a94ca917ac";
        assert_eq!(id.parse(), Ok(Named::Id(id.parse().unwrap())));
        let beginning = |text: &str| match text.parse() {
            Ok(Named::Beginning(beginning)) => Some(beginning),
            Ok(Named::Id(_)) | Err(_) => None,
        };
        for (text, wanted) in [
            ("01a1ffd9", "01a1ffd9"),
            ("01A1FFD9-7c", "01a1ffd9-7c"),
            ("01a1ffd9…", "01a1ffd9"),
            ("01a1...", "01a1"),
        ] {
            assert_eq!(beginning(text).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "01a", "nonsense", "01a1ffd97c46", "01a1ffd9-7c4-", "…"] {
            assert_eq!(beginning(text), None, "{text}");
        }
    }
}
