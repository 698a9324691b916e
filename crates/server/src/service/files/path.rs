//! Paths of a workspace, as clients give them: what leaves it in plain sight is refused here, the rest by the harness.

use crate::error::Error;

/// The longest path that the kernel takes, in bytes.
const LENGTH_MAX: usize = 4095;

/// A path relative to the workspace's root. The promise: it is neither absolute nor goes up, and no system call cuts it short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePath(String);

impl FilePath {
    /// The path of a file.
    pub(crate) fn of_file(text: String) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(fault("it is empty; name a file"));
        }
        Self::of_folder(text)
    }

    /// The path of a folder; an empty one is the root.
    pub(crate) fn of_folder(text: String) -> Result<Self, Error> {
        if text.contains('\0') {
            return Err(fault("it holds a NUL, and no name does"));
        }
        // A list shows names that are not UTF-8 with this character.
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err(fault(
                "it is not UTF-8, and other names cannot be asked for",
            ));
        }
        if text.starts_with('/') {
            return Err(fault(
                "it is absolute; give it relative to the workspace's root",
            ));
        }
        if text.split('/').any(|name| name == "..") {
            return Err(fault("it goes up with `..`; give it without"));
        }
        if text.len() > LENGTH_MAX {
            return Err(fault(
                "it has more than 4095 bytes; no file has such a path",
            ));
        }
        Ok(Self(text))
    }

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last name.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The same below a folder that it begins with.
    pub(crate) fn below(&self, folder: &str) -> Result<Self, Error> {
        let rest = self.0.strip_prefix(folder).unwrap_or(&self.0);
        Self::of_file(rest.to_owned())
    }
}

/// A path that is none.
pub(crate) fn fault(what: &str) -> Error {
    Error::fault(
        "path",
        "invalid_string",
        format!("the path cannot be used: {what}"),
    )
}
