//! What a folder holds.

use std::ffi::OsStr;
use std::path::Path;

use vwm_api::volume::VolumePaths;
use vwm_api::{FileEntry, FileKind, FileList, Timestamp};

use super::place::KNOWLEDGE_BASE;
use super::{FileError, Place, Root, not_ending, open, open_root};
use crate::session::Session;
use crate::workspace::{Kind, Walked};

/// The most names in an answer.
const MOST: usize = 10_000;
/// The most bytes that names and paths have together, as JSON: a client reads answers of at most 16 MiB.
const ROOM: usize = 12 << 20;

/// Lists a folder by name.
pub(crate) async fn list(session: &Session, path: &str) -> Result<FileList, FileError> {
    let place = Place::folder(path)?;
    not_ending(session)?;
    let paths = session.paths.clone();
    let told = path.to_owned();
    session
        .files
        .blocking(path, move || look(&paths, &place, &told))
        .await
}

fn look(paths: &VolumePaths, place: &Place, given: &str) -> Result<FileList, FileError> {
    let is_root = place.told.is_empty();
    let hidden = |name: &OsStr| match place.root {
        // What stands there leads to the knowledge base, or cannot be reached.
        Root::Workspace => is_root && name == KNOWLEDGE_BASE,
        Root::KnowledgeBase => name == ".git",
    };
    let walk = open(paths, place)?
        .list(&place.path, hidden, MOST)
        .map_err(|obstacle| FileError::at(given, obstacle))?;
    let mut items: Vec<FileEntry> = walk
        .entries
        .iter()
        .map(|found| entry(found, &place.told))
        .collect();
    if is_root && let Some(knowledge_base) = open_root(&paths.knowledge_base(), given)? {
        let modified = knowledge_base.stat(Path::new("."));
        items.push(FileEntry {
            name: KNOWLEDGE_BASE.to_owned(),
            path: KNOWLEDGE_BASE.to_owned(),
            kind: FileKind::Folder,
            size: None,
            modified_at: modified.ok().map(|found| modified_at(&found)),
        });
    }
    items.sort_by(|one, other| one.name.cmp(&other.name));
    let most = fitting(&items).min(MOST);
    let truncated = walk.is_cut || most < items.len();
    items.truncate(most);
    Ok(FileList {
        path: if is_root { "." } else { &place.told }.to_owned(),
        items,
        truncated,
    })
}

fn entry(found: &Walked, folder: &str) -> FileEntry {
    let name = found.shown();
    let path = if folder.is_empty() {
        name.clone()
    } else {
        format!("{folder}/{name}")
    };
    FileEntry {
        name,
        path,
        kind: match found.kind {
            Kind::File => FileKind::File,
            Kind::Dir => FileKind::Folder,
            Kind::Link => FileKind::Link,
            Kind::Other => FileKind::Other,
        },
        size: (found.kind == Kind::File).then_some(found.size),
        modified_at: Some(modified_at(found)),
    }
}

fn modified_at(found: &Walked) -> Timestamp {
    Timestamp::from_micros(found.modified_ns.div_euclid(1000))
}

/// How many of the first entries have room in an answer.
fn fitting(items: &[FileEntry]) -> usize {
    let mut room = ROOM;
    items
        .iter()
        .take_while(|entry| {
            let left = room.checked_sub(as_json(&entry.name) + as_json(&entry.path));
            room = left.unwrap_or(0);
            left.is_some()
        })
        .count()
}

/// How long a text is at most as JSON.
fn as_json(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            0..=0x1f => 6,
            b'"' | b'\\' => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_names_that_are_very_long_as_json_as_many_are_told_as_an_answer_has_room_for() {
        let folder = "\u{1}".repeat(1000);
        let items: Vec<FileEntry> = (0..MOST)
            .map(|n| {
                let name = format!("{n:05}");
                FileEntry {
                    path: format!("{folder}/{name}"),
                    name,
                    kind: FileKind::File,
                    size: Some(u64::MAX),
                    modified_at: Some(Timestamp::now()),
                }
            })
            .collect();
        let most = fitting(&items);
        let told = serde_json::to_vec(&items[..most]).expect("serializes");
        assert!(most > 2000 && told.len() < 16 << 20, "{most}");
    }
}
