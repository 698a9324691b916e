//! Engines: which this build knows, and which versions are installed where jobs look unless their runtime names another folder.

use std::io;
use std::path::Path;

use tokio::fs;
use tracing::warn;
use vwm_api::{CliType, Engine};

use crate::app::App;

/// Returns every engine, in the order that people read them.
pub(crate) async fn list(app: &App) -> Vec<Engine> {
    let mut engines = Vec::new();
    for cli_type in CliType::ALL {
        let folder = app.config.engines_dir.join(cli_type.as_str());
        let versions = installed(&folder).await.unwrap_or_else(|error| {
            let folder = folder.display();
            warn!("Engines in {folder} cannot be listed: {error}; may this user read it?");
            Vec::new()
        });
        engines.push(Engine {
            cli_type,
            supported: vwm_worker::is_supported(cli_type),
            versions,
        });
    }
    engines
}

/// The versions in an engine's folder, newest first. One that is half installed has a name with a point in front, and takes its own by
/// rename.
async fn installed(folder: &Path) -> io::Result<Vec<String>> {
    let mut entries = match fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut versions = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        // What has no name in UTF-8 is no version; what vanishes meanwhile is none any more.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !name.starts_with('.') && has_something(&entry.path()).await {
            versions.push(name);
        }
    }
    versions.sort_by(|one, other| rank(other).cmp(&rank(one)));
    Ok(versions)
}

async fn has_something(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder).await else {
        return false;
    };
    matches!(entries.next_entry().await, Ok(Some(_)))
}

/// What versions are compared by: their numbers, and that `2.0.0-beta` comes before `2.0.0`.
fn rank(version: &str) -> (Vec<u64>, bool, &str) {
    let (numbers, rest) = version.split_once('-').unwrap_or((version, ""));
    let numbers = numbers.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.collect(), rest.is_empty(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_installed_is_told_newest_first_and_what_is_half_so_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["2.1.9", "2.1.328", "2.2.0-beta", "2.2.0", ".installing-x"] {
            std::fs::create_dir_all(folder.path().join(version).join("node_modules")).unwrap();
        }
        std::fs::create_dir(folder.path().join("3.0.0")).unwrap();
        std::fs::write(folder.path().join("notes"), "x").unwrap();
        let versions = installed(folder.path()).await.unwrap();
        assert_eq!(versions, ["2.2.0", "2.2.0-beta", "2.1.328", "2.1.9"]);
        let none = installed(&folder.path().join("codex")).await.unwrap();
        assert_eq!(none, Vec::<String>::new());
    }
}
