//! An origin: whose page it is that asks from a browser.

use std::fmt;
use std::str::FromStr;

use http::{HeaderValue, Uri};
use serde::Deserialize;

/// Scheme, host and port of a page, as a browser sends them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(HeaderValue);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no origin; give scheme, host and port, such as https://console.example.com")]
pub struct NoOrigin {
    /// What was given.
    text: String,
}

impl Origin {
    /// What the header `Origin` of such a page holds.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

impl FromStr for Origin {
    type Err = NoOrigin;

    /// A browser's spelling has no path, not even a slash, and no capital letters. `*` is refused: a key is not for every page.
    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let fault = || NoOrigin {
            text: text.to_owned(),
        };
        let uri: Uri = text.parse().map_err(|_| fault())?;
        let scheme = uri
            .scheme_str()
            .filter(|it| matches!(*it, "http" | "https"));
        let (scheme, authority) = scheme.zip(uri.authority()).ok_or_else(fault)?;
        let plain = format!("{scheme}://{authority}");
        if plain != text || text.contains('@') || text.chars().any(|it| it.is_ascii_uppercase()) {
            return Err(fault());
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| fault())
    }
}

impl TryFrom<String> for Origin {
    type Error = NoOrigin;

    fn try_from(text: String) -> Result<Self, NoOrigin> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_would_send_is_an_origin() {
        for text in [
            "https://console.example.com",
            "http://localhost:5173",
            "http://[::1]:80",
        ] {
            assert_eq!(
                text.parse::<Origin>().map(|it| it.to_string()),
                Ok(text.into())
            );
        }
        for text in [
            "*",
            "null",
            "",
            "console.example.com",
            "https://console.example.com/",
            "https://Console.example.com",
            "https://me@console.example.com",
            "ftp://console.example.com",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
