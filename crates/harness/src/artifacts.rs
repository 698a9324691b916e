//! Which files a turn made or changed, by our own walk before and after it; git is not asked.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use crate::workspace::{Kind, Tree};

/// The most files that a walk looks at; beyond it artifacts are incomplete rather than slow.
const MOST: usize = 200_000;

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

    /// What stands in `after` and not here, or not so; sorted.
    pub(crate) fn changed_in(&self, after: &Self) -> Vec<String> {
        let changed = after
            .files
            .iter()
            .filter(|(path, seen)| self.files.get(*path) != Some(*seen));
        let sorted: BTreeSet<String> = changed
            .map(|(path, _)| path.to_string_lossy().into_owned())
            .collect();
        sorted.into_iter().collect()
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
