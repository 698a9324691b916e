//! The programs that sessions need: engines, git, and npm to install the engines with.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use vwm_api::harness::PROGRAMS;

use super::check::Check;
use crate::engines;

/// The oldest git that sessions work with.
pub(crate) const NEEDED: (u32, u32) = (2, 34);
/// From here on git asks its hook before HEAD moves to another branch.
const HOOK_SEES_HEAD: (u32, u32) = (2, 46);
const PATIENCE: Duration = Duration::from_secs(10);

/// The engines that can be installed: those that are there are started to say their version.
pub(super) async fn engines(engines_dir: Option<&Path>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (engine, install) in engines::installable() {
        let engine = engine.as_str();
        let name = format!("engine {engine}");
        let Some(engines_dir) = engines_dir else {
            let todo = "name a folder with VWM_ENGINES_DIR";
            checks.push(Check::warn(
                name,
                "there is no home folder to look in",
                todo,
            ));
            continue;
        };
        if !engines::is_installed(engines_dir, &install) {
            checks.push(Check::warn(
                name,
                format!(
                    "{} is not installed in {}",
                    install.version,
                    engines_dir.display()
                ),
                format!("vwm engine install {engine}"),
            ));
            continue;
        }
        let place = engines_dir.join(install.folder);
        checks.push(match engines::proof::runs(&install, &place).await {
            Ok(()) => Check::ok(name, format!("{} in {}", install.version, place.display())),
            Err(error) => Check::fail(
                name,
                error.to_string().lines().next().unwrap_or_default(),
                format!("vwm engine install {engine} --force"),
            ),
        });
    }
    checks
}

/// npm, which is not started: it would leave a log behind.
pub(super) fn npm(path: &str, is_all_installed: bool) -> Check {
    match find("npm", path) {
        Some(program) => Check::ok("npm", program.display().to_string()),
        None if is_all_installed => Check::ok("npm", "not on PATH; every engine is installed"),
        None => Check::warn(
            "npm",
            "not on PATH; engines come from its registry",
            "install Node.js 20 or newer (it is needed only to install engines)",
        ),
    }
}

/// git, as sessions find it.
pub(super) async fn git(path: &str) -> Check {
    let sessions = find("git", PROGRAMS);
    let Some(program) = sessions else {
        return no_git(find("git", path).as_deref());
    };
    let check = told(&program, &version(&program).await);
    match find("git", path) {
        None if check.todo.is_none() => Check::warn(
            check.name,
            format!("{}, and not on PATH", check.found),
            "add its folder to PATH: sessions find it, `vwm demo` does not",
        ),
        _ => check,
    }
}

fn no_git(elsewhere: Option<&Path>) -> Check {
    match elsewhere {
        Some(program) => Check::fail(
            "git",
            format!(
                "{} is not where sessions look for it: {PROGRAMS}",
                program.display()
            ),
            "install git 2.34 or newer there, or link it to there",
        ),
        None => Check::fail("git", "not there", "install git 2.34 or newer"),
    }
}

async fn version(program: &Path) -> Result<String, String> {
    let said = Command::new(program)
        .arg("--version")
        .env_clear()
        .env("PATH", PROGRAMS)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(PATIENCE, said).await {
        Ok(Ok(said)) => Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned()),
        Ok(Err(error)) => Err(format!("cannot be started: {error}")),
        Err(_) => Err(format!("says nothing within {} s", PATIENCE.as_secs())),
    }
}

fn told(program: &Path, said: &Result<String, String>) -> Check {
    let shown = program.display();
    let install = "install git 2.34 or newer";
    let said = match said {
        Ok(said) => said,
        Err(why) => return Check::fail("git", format!("{shown} {why}"), install),
    };
    let Some(number) = number(said) else {
        let found = format!("{shown} does not say its version, but {said:?}");
        return Check::fail("git", found, install);
    };
    let found = format!("{number} at {shown}");
    match parsed(number) {
        Some(version) if version >= HOOK_SEES_HEAD => Check::ok("git", found),
        Some(version) if version >= NEEDED => Check::warn(
            "git",
            format!(
                "{found}: its reference-transaction hook does not see HEAD, so an agent that switches branches \
                 is put back later instead of stopped at once"
            ),
            "install git 2.46 or newer to have it stopped",
        ),
        Some(_) => Check::fail("git", format!("{found} is too old"), install),
        None => Check::fail("git", format!("{found} is no version"), install),
    }
}

/// The version in what `git --version` says.
pub(crate) fn git_version(said: &str) -> Option<(u32, u32)> {
    number(said).and_then(parsed)
}

fn number(said: &str) -> Option<&str> {
    said.split_whitespace().nth(2)
}

fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn find(program: &str, path: &str) -> Option<PathBuf> {
    let is_program = |file: &PathBuf| {
        file.metadata()
            .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    let folders = path.split(':').filter(|folder| !folder.is_empty());
    folders
        .map(|folder| Path::new(folder).join(program))
        .find(is_program)
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn an_old_git_fails_and_one_whose_hook_is_blind_is_told() {
        let program = Path::new("/usr/bin/git");
        let state = |said: &str| told(program, &Ok(said.to_owned())).state;
        let said = [
            "git version 2.47.3",
            "git version 2.46.0",
            "git version 2.43.0",
            "git version 2.39.3 (Apple Git-146)",
            "git version 2.33.8",
            "git version new",
            "",
        ];
        use State::{Fail, Ok as Well, Warn};
        assert_eq!(said.map(state), [Well, Well, Warn, Warn, Fail, Fail, Fail]);
        let broken = told(program, &Err("cannot be started: no".to_owned()));
        assert_eq!(broken.found, "/usr/bin/git cannot be started: no");
    }

    #[test]
    fn a_machine_without_git_fails_also_where_only_sessions_do_not_find_it() {
        let none = Check::fail("git", "not there", "install git 2.34 or newer");
        assert_eq!(no_git(None), none);
        let elsewhere = no_git(Some(Path::new("/opt/bin/git")));
        assert_eq!(elsewhere.state, State::Fail);
        assert!(elsewhere.found.starts_with("/opt/bin/git is not where"));
    }

    #[test]
    fn npm_is_missed_only_where_something_is_to_be_installed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        assert_eq!(npm(&path, true).state, State::Ok);
        assert_eq!(npm(&path, false).state, State::Warn);
        let program = dir.path().join("npm");
        std::fs::write(&program, "").unwrap();
        assert_eq!(npm(&path, false).state, State::Warn);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let found = program.display().to_string();
        assert_eq!(npm(&path, false), Check::ok("npm", found));
    }
}
