//! Where a path of a client leads: which tree, which place in it, and what may be done there. Nothing is opened here.

use std::path::{Component, PathBuf};

use super::FileError;

/// The knowledge base, as the engine and the clients see it.
pub(super) const KNOWLEDGE_BASE: &str = "worker_repo";
/// The session's repository.
const SESSION_REPOSITORY: &str = "session_repo";
/// The only folder of the knowledge base that can be written.
const LEARNINGS: &str = "learnings";
const GIT: &str = ".git";
/// The longest path that the kernel takes.
const LONGEST_PATH: usize = 4095;
/// The longest name that file systems take.
const LONGEST_NAME: usize = 255;

/// Which of the session's trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// The engine's working directory.
    Workspace,
    /// What `worker_repo/` stands for.
    KnowledgeBase,
}

/// A place in one of the trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) root: Root,
    /// In that tree; empty for its root.
    pub(super) path: PathBuf,
    /// As it is told to the client, without what means nothing in it.
    pub(super) told: String,
    /// Whether the harness's own preparation makes what is there.
    pub(super) is_prepared: bool,
}

impl Place {
    /// A folder to list; an empty path is the workspace's root.
    pub(super) fn folder(path: &str) -> Result<Self, FileError> {
        let place = Self::new(path)?;
        place.readable(path)
    }

    /// A file to read.
    pub(super) fn file(path: &str) -> Result<Self, FileError> {
        let place = Self::of_file(path)?;
        place.readable(path)
    }

    /// A file to write or remove.
    pub(super) fn to_change(path: &str) -> Result<Self, FileError> {
        let place = Self::of_file(path)?;
        if place.root == Root::KnowledgeBase {
            let mut names = place.path.components();
            let is_below = names.next() == Some(Component::Normal(LEARNINGS.as_ref()));
            if !is_below || names.next().is_none() {
                return Err(FileError::Forbidden {
                    path: told(path),
                    why: "only worker_repo/learnings/ of the knowledge base can be written",
                });
            }
        }
        if place.is_git() {
            let why = "is one of git's own files, which are for git alone to change";
            return Err(refused(path, why));
        }
        Ok(place)
    }

    fn of_file(path: &str) -> Result<Self, FileError> {
        if path.is_empty() {
            return Err(FileError::NoPath);
        }
        let place = Self::new(path)?;
        if path.ends_with('/') || path.ends_with("/.") {
            return Err(refused(path, "names a folder, not a file"));
        }
        if place.told.is_empty() {
            return Err(refused(path, "is a folder"));
        }
        Ok(place)
    }

    /// Refuses what is no path in the workspace.
    fn new(path: &str) -> Result<Self, FileError> {
        let why = if path.len() > LONGEST_PATH {
            Some("is longer than 4095 bytes")
        } else if path.contains('\0') {
            Some("has a NUL in it")
        } else if path.contains('\\') {
            Some("has a backslash in it; folders are separated by /")
        } else if path.starts_with('/') {
            Some("is absolute; paths are relative to the workspace")
        } else if path.split('/').any(|name| name == "..") {
            Some("has .. in it; paths stay in the workspace")
        } else if path.split('/').any(|name| name.len() > LONGEST_NAME) {
            Some("has a name longer than 255 bytes in it")
        } else {
            None
        };
        if let Some(why) = why {
            return Err(refused(path, why));
        }
        let names = path.split('/');
        let clean: Vec<&str> = names.filter(|name| !matches!(*name, "" | ".")).collect();
        let (root, below) = match clean.split_first() {
            Some((&KNOWLEDGE_BASE, below)) => (Root::KnowledgeBase, below),
            _ => (Root::Workspace, clean.as_slice()),
        };
        Ok(Self {
            root,
            path: below.iter().collect(),
            told: clean.join("/"),
            is_prepared: root == Root::KnowledgeBase || clean.first() == Some(&SESSION_REPOSITORY),
        })
    }

    /// The engine's own repository may be read as it is; the knowledge base's git directory is ours.
    fn readable(self, path: &str) -> Result<Self, FileError> {
        if self.root == Root::KnowledgeBase && self.is_git() {
            return Err(FileError::Forbidden {
                path: told(path),
                why: "the knowledge base's own git directory is not for reading",
            });
        }
        Ok(self)
    }

    fn is_git(&self) -> bool {
        let mut names = self.path.components();
        names.any(|name| name == Component::Normal(GIT.as_ref()))
    }
}

fn refused(path: &str, why: impl Into<String>) -> FileError {
    FileError::Refused {
        path: told(path),
        why: why.into(),
    }
}

/// The path as the client gave it; of a very long one its beginning.
fn told(path: &str) -> String {
    const MOST: usize = 300;
    match path.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_path_means_one_place_however_it_is_written() {
        for path in [
            "worker_repo/learnings/a b.md",
            "./worker_repo//learnings/./a b.md",
        ] {
            let place = Place::to_change(path).expect("it may be written");
            assert_eq!(place.root, Root::KnowledgeBase);
            assert_eq!(place.path, Path::new("learnings/a b.md"));
            assert_eq!(place.told, "worker_repo/learnings/a b.md");
        }
        for root in ["", ".", "./", "././"] {
            let place = Place::folder(root).expect("the root");
            assert_eq!((place.root, place.told.as_str()), (Root::Workspace, ""));
        }
        // Names are bytes: these are other names.
        for path in ["Worker_Repo/x", "worker_repo./x", "x/worker_repo/y", "..."] {
            let place = Place::to_change(path).expect("a name as any other");
            assert_eq!(place.root, Root::Workspace);
            assert_eq!(place.path, Path::new(path));
        }
    }

    #[test]
    fn of_the_knowledge_base_only_what_lies_below_learnings_is_written() {
        for path in [
            "worker_repo",
            "worker_repo/README.md",
            "worker_repo/learnings",
            "worker_repo/Learnings/x",
            "worker_repo/.git/config",
        ] {
            let error = Place::to_change(path).expect_err(path);
            assert!(matches!(error, FileError::Forbidden { .. }), "{error}");
        }
        let nested = Place::to_change("worker_repo/learnings/.git/config").expect_err("git's own");
        assert!(matches!(nested, FileError::Refused { .. }), "{nested}");
        assert!(Place::file("worker_repo/README.md").is_ok());
        for path in ["worker_repo/.git", "worker_repo/.git/config"] {
            assert!(Place::file(path).is_err() && Place::folder(path).is_err());
        }
        assert!(Place::file("session_repo/.git/config").is_ok());
        for path in [
            "session_repo/.git",
            "session_repo/.git/hooks/pre-commit",
            ".git/x",
        ] {
            assert!(Place::to_change(path).is_err(), "{path}");
        }
    }
}
