//! Which files a turn made or changed, by our own walk before and after it; git is not asked.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use crate::workspace::{Kind, Tree};

/// The most files that a walk looks at; beyond it artifacts are incomplete rather than slow.
const MOST: usize = 200_000;

/// How long the names of what changed are together, in bytes; the rest is not named.
const NAMES: usize = 1 << 20;

/// The files of a session at one moment.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    files: HashMap<PathBuf, (u64, i64, u64)>,
}

impl Snapshot {
    /// Walks the workspace, and the learnings of the knowledge base, which the workspace only links to.
    pub(crate) fn take(workspace: &Path, knowledge_base: Option<&Path>) -> io::Result<Self> {
        let mut files = HashMap::new();
        add(&mut files, workspace, Path::new(""))?;
        if let Some(learnings) = knowledge_base
            .map(|kb| kb.join("learnings"))
            .filter(|path| path.is_dir())
        {
            add(&mut files, &learnings, Path::new("worker_repo/learnings"))?;
        }
        Ok(Self { files })
    }

    /// What stands in `after` and not here, or not so; sorted, as many as there is room for.
    pub(crate) fn changed_in(&self, after: &Self) -> Vec<String> {
        let changed = after
            .files
            .iter()
            .filter(|(path, seen)| self.files.get(*path) != Some(*seen));
        let sorted: BTreeSet<String> = changed
            .map(|(path, _)| path.to_string_lossy().into_owned())
            .collect();
        let mut room = NAMES;
        let fits = |path: &String| {
            let left = room.checked_sub(path.len());
            room = left.unwrap_or(0);
            left.is_some()
        };
        sorted.into_iter().take_while(fits).collect()
    }
}

fn add(files: &mut HashMap<PathBuf, (u64, i64, u64)>, root: &Path, below: &Path) -> io::Result<()> {
    let walk = Tree::open(root)?.walk(
        |path| path.file_name().is_some_and(|name| name == ".git"),
        MOST,
    )?;
    for entry in walk.entries {
        if entry.kind == Kind::File {
            files.insert(
                below.join(entry.path),
                (entry.size, entry.modified_ns, entry.inode),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_much_that_changed_as_much_is_named_as_there_is_room_for() {
        let name = |n: usize| format!("{n:0>1000}");
        let files = (0..2000).map(|n| (PathBuf::from(name(n)), (0, 0, 0)));
        let after = Snapshot {
            files: files.collect(),
        };
        let changed = Snapshot::default().changed_in(&after);
        let expected: Vec<String> = (0..NAMES / 1000).map(name).collect();
        assert_eq!(changed, expected);
    }
}
