//! A program behind the wall that another program starts: the serving side of a fetch.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Host, Launch};
use crate::supervisor::message::Order;

impl Host {
    /// Writes the launch to `file`, for its owner's eyes only, and returns the shell command that runs it behind the wall with
    /// the caller's standard streams; what is appended to the command is appended to the launch's arguments.
    ///
    /// The command works as long as this process lives, and the file must stay as long.
    ///
    /// # Errors
    /// When the file cannot be written, or a path is not UTF-8.
    pub fn serving_command(&self, launch: &Launch, file: &Path) -> io::Result<String> {
        let order = Order {
            launch: launch.clone(),
            confinement: self.confinement.clone(),
            lock: self.lock.clone(),
        };
        let content = serde_json::to_vec(&order)?;
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)?
            .write_all(&content)?;
        // In the caller's mouth, `self` would be the caller.
        let exe = if self.exe == Path::new("/proc/self/exe") {
            PathBuf::from(format!("/proc/{}/exe", std::process::id()))
        } else {
            self.exe.clone()
        };
        Ok(format!(
            "{} supervise --launch {} --",
            quoted(&exe)?,
            quoted(&std::path::absolute(file)?)?
        ))
    }
}

/// A path as one word for a shell.
fn quoted(path: &Path) -> io::Result<String> {
    let path = path.to_str().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the path {} is not UTF-8; choose another folder",
                path.display()
            ),
        )
    })?;
    Ok(format!("'{}'", path.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_quotes_stays_one_word() {
        assert_eq!(quoted(Path::new("/a b/it's")).unwrap(), r"'/a b/it'\''s'");
    }
}
