//! Installs engines: into a folder beside, proven there, then moved to its place by rename.

mod npm;
pub(crate) mod progress;
pub(crate) mod proof;

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use vwm_api::CliType;
use vwm_harness::adapters::{self, Install};

use crate::config::Environment;
use crate::error::CliError;
use progress::Progress;

/// What the names of folders begin with that are there only during an installation.
const HALF: &str = ".installing-";
const OLD: &str = ".old-";
/// No installation takes as long.
const DEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// An engine in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Its program.
    pub(crate) program: PathBuf,
    /// Its version.
    pub(crate) version: &'static str,
    /// Whether it was there before.
    pub(crate) was_there: bool,
}

/// What happens to an engine that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Present {
    /// It stays.
    Keep,
    /// It is installed again.
    Replace,
}

/// The engines that can be installed.
pub(crate) fn installable() -> impl Iterator<Item = (CliType, Install)> {
    CliType::ALL
        .into_iter()
        .filter_map(|engine| Some((engine, adapters::install(engine)?)))
}

/// Whether an engine is in its place.
#[must_use]
pub(crate) fn is_installed(engines_dir: &Path, install: &Install) -> bool {
    engines_dir.join(install.path()).is_file()
}

/// Installs an engine, unless it is there.
pub(crate) async fn install(
    engine: CliType,
    engines_dir: &Path,
    present: Present,
    env: &Environment,
    progress: &mut Progress,
) -> Result<Installed, CliError> {
    let Some(install) = adapters::install(engine) else {
        return Err(nothing_to_install(engine));
    };
    let installed = |was_there| Installed {
        program: engines_dir.join(install.path()),
        version: install.version,
        was_there,
    };
    if present == Present::Keep && is_installed(engines_dir, &install) {
        return Ok(installed(true));
    }
    let place = engines_dir.join(install.folder);
    let parent = place.parent().unwrap_or(engines_dir);
    if let Some(home) = env
        .data_home
        .as_ref()
        .filter(|home| engines_dir.starts_with(home))
    {
        // A server will keep its data in there, and wants it for itself.
        let mut private = fs::DirBuilder::new();
        private.recursive(true).mode(0o700);
        let made = private.create(home);
        made.map_err(CliError::system(format!(
            "cannot make the folder {}; name another with --engines-dir",
            home.display()
        )))?;
    }
    fs::create_dir_all(parent).map_err(CliError::system(format!(
        "cannot make the folder {}; name another with --engines-dir",
        parent.display()
    )))?;
    sweep(parent, SystemTime::now());
    let half = tempfile::Builder::new()
        .prefix(HALF)
        .tempdir_in(parent)
        .map_err(CliError::system(format!(
            "cannot write to {}; name another folder with --engines-dir",
            parent.display()
        )))?;
    progress.begin(&format!("{} {}", install.package, install.version));
    npm::install(&install, half.path(), env, progress).await?;
    progress.step("checking that it runs");
    proof::runs(&install, half.path()).await?;
    put(half, &place)?;
    progress.finish();
    Ok(installed(false))
}

/// Removes what installations left that were killed; those that may still be under way stay.
fn sweep(parent: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_passing = name.starts_with(HALF) || name.starts_with(OLD);
        let changed = entry.metadata().and_then(|it| it.modified());
        let age = changed.map(|changed| now.duration_since(changed).unwrap_or_default());
        if is_passing && age.is_ok_and(|age| age > DEAD) {
            // It is only in nobody's way then; the next installation tries again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Moves the new folder to its place; what lies there goes away.
fn put(half: tempfile::TempDir, place: &Path) -> Result<(), CliError> {
    let failed = || format!("cannot move the engine to {}", place.display());
    if place.exists() {
        let parent = place.parent().unwrap_or(place);
        let old = tempfile::Builder::new()
            .prefix(OLD)
            .tempdir_in(parent)
            .map_err(CliError::system(failed()))?;
        match fs::rename(place, old.path().join("engine")) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CliError::system(failed())(error)),
        }
    }
    fs::rename(half.path(), place).map_err(CliError::system(failed()))?;
    // It has moved: there is nothing left to remove. The folder that is made for temporary things is its owner's alone.
    let _ = half.keep();
    open_to_all(place).map_err(CliError::system(failed()))
}

fn open_to_all(place: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place, fs::Permissions::from_mode(0o755))
}

fn nothing_to_install(engine: CliType) -> CliError {
    let names: Vec<_> = installable().map(|(it, _)| it.as_str()).collect();
    let names = names.join(", ");
    match engine {
        CliType::Acp | CliType::Command => CliError::usage(
            format!(
                "`{}` is not installed: the worker names its program",
                engine.as_str()
            ),
            "write `engine: {command: …}` into the worker's file",
        ),
        CliType::ClaudeCode | CliType::Codex | CliType::Gemini | CliType::Opencode => {
            CliError::usage(
                format!("`{}` is not supported yet", engine.as_str()),
                format!("these are: {names}"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_takes_its_place_whole_and_what_lay_there_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("claude-code/1");
        for content in ["one", "two"] {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            let half = tempfile::tempdir_in(place.parent().unwrap()).unwrap();
            fs::write(half.path().join("program"), content).unwrap();
            put(half, &place).unwrap();
            let read = fs::read_to_string(place.join("program")).unwrap();
            assert_eq!(read, content);
        }
        let left = fs::read_dir(place.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1);
    }

    #[test]
    fn what_a_killed_installation_left_goes_away_a_day_later() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".installing-a", ".old-b", "1"] {
            fs::create_dir_all(dir.path().join(name).join("engine")).unwrap();
        }
        let left = || fs::read_dir(dir.path()).unwrap().count();
        sweep(dir.path(), SystemTime::now());
        assert_eq!(left(), 3);
        sweep(dir.path(), SystemTime::now() + DEAD * 2);
        assert_eq!(left(), 1);
        assert!(dir.path().join("1/engine").is_dir());
    }

    #[tokio::test]
    async fn what_is_not_supported_is_told_with_what_is() {
        let dir = tempfile::tempdir().unwrap();
        let error = install(
            CliType::Codex,
            dir.path(),
            Present::Keep,
            &Environment::default(),
            &mut Progress::for_stderr(),
        )
        .await
        .expect_err("not yet");
        assert_eq!(
            error.told(),
            "error: `codex` is not supported yet\nhint: these are: claude-code"
        );
    }

    #[tokio::test]
    async fn without_npm_one_is_told_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let env = Environment {
            npm: [("PATH".to_owned(), dir.path().display().to_string())].into(),
            ..Environment::default()
        };
        let error = install(
            CliType::ClaudeCode,
            dir.path(),
            Present::Keep,
            &env,
            &mut Progress::for_stderr(),
        )
        .await
        .expect_err("no npm");
        let told = error.told();
        assert!(told.starts_with("error: npm is not installed"), "{told}");
        assert!(told.contains("hint: install Node.js"), "{told}");
        let left = fs::read_dir(dir.path().join("claude-code"))
            .unwrap()
            .count();
        assert_eq!(left, 0);
    }
}
