//! The data directory, and the room that is left.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Access;

use super::check::{Check, State};
use crate::output::numbers;

const SCARCE: u64 = 2 << 30;
const TOO_LITTLE: u64 = 200 << 20;

/// The data directory: there, or to be made; its owner's, and nobody else's.
pub(super) fn data_directory(path: Option<&Path>) -> Check {
    const NAME: &str = "data directory";
    let Some(path) = path else {
        return Check::fail(NAME, "there is no home folder to keep data in", NAME_ONE);
    };
    let shown = path.display();
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return to_be_made(NAME, path),
        Err(error) => {
            let found = format!("{shown} cannot be looked at: {error}");
            return Check::fail(NAME, found, NAME_ONE);
        }
    };
    if !metadata.is_dir() {
        return Check::fail(NAME, format!("{shown} is no folder"), NAME_ONE);
    }
    if let Err(error) =
        rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)
    {
        let found = format!("{shown} cannot be written: {error}");
        return Check::fail(
            NAME,
            found,
            "make it writable, or choose another with --data-dir",
        );
    }
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        return Check::warn(
            NAME,
            format!("{shown} is of uid {owner}, and you are uid {user}"),
            "run vwm as its owner, or choose another with --data-dir",
        );
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Check::warn(
            NAME,
            format!("{shown} is open to other users (mode {mode:o})"),
            format!("chmod 700 {shown}"),
        );
    }
    Check::ok(NAME, format!("{shown} is writable, and yours alone"))
}

const NAME_ONE: &str = "name a folder with --data-dir or VWM_DATA_DIR";

fn to_be_made(name: &str, path: &Path) -> Check {
    let parent = that_exists(path);
    if let Err(error) = rustix::fs::access(parent, Access::WRITE_OK | Access::EXEC_OK) {
        let found = format!(
            "{} is not there and cannot be made in {}: {error}",
            path.display(),
            parent.display()
        );
        return Check::fail(name, found, NAME_ONE);
    }
    let found = format!(
        "{} is not there yet; the first start makes it",
        path.display()
    );
    Check::ok(name, found)
}

/// The first of a path and what is above it that is there.
fn that_exists(path: &Path) -> &Path {
    let mut above = path.ancestors();
    above.find(|it| it.exists()).unwrap_or(Path::new("/"))
}

/// Folders of sessions that no database knew; none where there are none.
pub(super) fn put_aside(data_dir: Option<&Path>) -> Option<Check> {
    let entries = std::fs::read_dir(data_dir?.join("sessions")).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let aside = names.filter(|name| name.starts_with(".unknown-")).count();
    (aside > 0).then(|| {
        Check::warn(
            "put aside",
            format!("{aside} in sessions/.unknown-…: the database does not know these sessions"),
            "see that the server uses the right database: they come back when it knows them, and are deleted after --failed-keep",
        )
    })
}

/// The room that is left for data and engines.
pub(super) fn disk(data_dir: Option<&Path>, engines_dir: Option<&Path>) -> Check {
    let mut rooms = Vec::new();
    for (what, path) in [("data", data_dir), ("engines", engines_dir)] {
        let Some(path) = path else { continue };
        match rustix::fs::statvfs(that_exists(path)) {
            Ok(room) => rooms.push((what, room.f_bavail.saturating_mul(room.f_frsize))),
            Err(error) => {
                return Check::warn(
                    "disk",
                    format!("the room for {what} is unknown: {error}"),
                    "see that there are some GB",
                );
            }
        }
    }
    room(&rooms)
}

fn room(rooms: &[(&str, u64)]) -> Check {
    let of = |bytes: u64| match bytes {
        ..TOO_LITTLE => State::Fail,
        TOO_LITTLE..SCARCE => State::Warn,
        SCARCE.. => State::Ok,
    };
    let told = |(what, bytes): &(&str, u64)| format!("{} free for {what}", numbers::bytes(*bytes));
    let found = rooms.iter().map(told).collect::<Vec<_>>().join(", ");
    let todo =
        "make room: an engine has up to 400 MB, and each session has a copy of its repository";
    match rooms.iter().map(|(_, bytes)| of(*bytes)).max() {
        Some(State::Ok) => Check::ok("disk", found),
        Some(State::Warn) => Check::warn("disk", found, todo),
        Some(State::Fail) => Check::fail("disk", found, todo),
        None => Check::warn("disk", "there is no folder to look at", NAME_ONE),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_folder_with_the_least_room_decides() {
        let enough = 5_000_000_000;
        let states = [enough, 1_000_000_000, 100_000_000]
            .map(|least| room(&[("data", enough), ("engines", least)]).state);
        assert_eq!(states, [State::Ok, State::Warn, State::Fail]);
        assert_eq!(
            room(&[("data", enough), ("engines", enough)]),
            Check::ok("disk", "5.0 GB free for data, 5.0 GB free for engines")
        );
    }

    #[test]
    fn folders_that_were_put_aside_are_told() {
        let dir = tempfile::tempdir().unwrap();
        assert!(put_aside(Some(dir.path())).is_none());
        std::fs::create_dir_all(dir.path().join("sessions/.unknown-1")).unwrap();
        std::fs::create_dir_all(dir.path().join("sessions/2")).unwrap();
        let check = put_aside(Some(dir.path())).expect("there is one");
        assert_eq!(check.state, State::Warn);
        assert!(check.found.starts_with("1 in sessions/"), "{}", check.found);
    }

    #[test]
    fn a_data_directory_is_there_or_can_be_made_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let state = |path: &Path| data_directory(Some(path)).state;
        assert_eq!(state(dir.path()), State::Ok);
        assert_eq!(state(&dir.path().join("a/b")), State::Ok);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::write(dir.path().join("file"), "").unwrap();
        assert_eq!(state(&dir.path().join("file")), State::Fail);
        assert_eq!(state(&dir.path().join("file/data")), State::Fail);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).unwrap();
        let open = data_directory(Some(dir.path()));
        assert_eq!(
            open.todo,
            Some(format!("chmod 700 {}", dir.path().display()))
        );
        assert_eq!(data_directory(None).state, State::Fail);
    }
}
