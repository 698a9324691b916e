//! How an answer says what was wrong: one sentence, and where in the input each fault is.

use serde::{Deserialize, Serialize};

/// One fault of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// Where in the input, as `mcpServers[1].url`; empty for the whole.
    pub path: String,
    /// What happened and what to do.
    pub message: String,
    /// For programs: `required`, `unknown_field`, `invalid_type`, `invalid_enum_value`, `too_short`, `too_long`, `out_of_range`,
    /// `invalid_string`, `unknown_reference`, `not_supported_yet`, `invalid_json`, `invalid_yaml`.
    pub code: String,
}

impl Fault {
    /// Every code.
    pub const CODES: [&'static str; 12] = [
        "invalid_enum_value",
        "invalid_json",
        "invalid_string",
        "invalid_type",
        "invalid_yaml",
        "not_supported_yet",
        "out_of_range",
        "required",
        "too_long",
        "too_short",
        "unknown_field",
        "unknown_reference",
    ];

    /// A fault at a place, with a code of the list.
    pub fn new(path: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        debug_assert!(Self::CODES.contains(&code), "{code} is not listed");
        Self {
            path: path.into(),
            message: message.into(),
            code: code.to_owned(),
        }
    }
}

/// What is accepted and has no effect, or less than one might think.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warning {
    /// Where in the worker, the runtime or the setting, as `mcpServers`.
    pub path: String,
    /// For programs: `not_supported_yet`, `ignored_setting`, `unknown_setting`, `missing_key`.
    pub code: String,
    /// What it means and what to do.
    pub message: String,
}

impl Warning {
    /// Every code.
    pub const CODES: [&'static str; 4] = [
        "ignored_setting",
        "missing_key",
        "not_supported_yet",
        "unknown_setting",
    ];
}

/// An error and all its causes, as one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some errors tell their cause themselves.
        if !line.ends_with(&text) {
            line += ": ";
            line += &text;
        }
        cause = error.source();
    }
    line
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What happened, and after a colon what to do.
    pub error: String,
    /// Every fault of the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Fault>,
    /// What to look for in the server's log; only with a 5xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
