//! The session's files as its clients reach them: listed, read, written and removed, by the one safe way into the workspace.
//!
//! All work on a disk is done on blocking threads, a piece at a time and a few at once: whoever reads or sends slowly holds none.

mod error;
mod list;
mod place;
mod read;
mod write;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, RwLock, Semaphore};
use vwm_api::harness::Phase;
use vwm_api::volume::VolumePaths;

use crate::session::Session;
use crate::workspace::Tree;

pub(crate) use error::FileError;
pub(crate) use list::list;
pub(crate) use read::read;
pub(crate) use write::{delete, write};

use place::{Place, Root};

/// How much work on the disk is done at once; the rest waits.
const AT_ONCE: usize = 8;
/// How much is read or written in one go.
const PIECE: usize = 64 << 10;

/// What the file calls of a session share.
pub(crate) struct Files {
    threads: Arc<Semaphore>,
    changing: Arc<RwLock<()>>,
}

/// While this is held, the end does not look at the workspace.
type Changing = OwnedRwLockReadGuard<()>;

impl Files {
    pub(crate) fn new() -> Self {
        Self {
            threads: Arc::new(Semaphore::new(AT_ONCE)),
            changing: Arc::new(RwLock::new(())),
        }
    }

    /// Waits until no call changes anything any more. None begins to once the end has begun, and those under way give up then.
    pub(crate) async fn until_nothing_changes(&self) {
        drop(self.changing.write().await);
    }

    /// Does work that may wait for a disk.
    async fn blocking<T: Send + 'static>(
        &self,
        path: &str,
        work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let broken = |source| FileError::Disk {
            path: path.to_owned(),
            source,
        };
        let threads = Arc::clone(&self.threads);
        let thread = threads.acquire_owned().await;
        let worked = tokio::task::spawn_blocking(move || {
            // Also when nobody waits for it any more.
            let _thread = thread;
            work()
        });
        worked
            .await
            .map_err(|error| broken(std::io::Error::other(error)))?
    }
}

/// Refuses once the end has begun.
fn not_ending(session: &Session) -> Result<(), FileError> {
    match session.state.current().phase {
        Phase::Ending | Phase::Collected => Err(FileError::Ending),
        Phase::Blank | Phase::Preparing | Phase::Ready | Phase::Failed => Ok(()),
    }
}

/// Lets a change begin. What preparation makes is left to it until it is done.
async fn begin_change(session: &Session, place: &Place) -> Result<Changing, FileError> {
    let changing = Arc::clone(&session.files.changing).read_owned().await;
    not_ending(session)?;
    may_change(session, place)?;
    Ok(changing)
}

fn may_change(session: &Session, place: &Place) -> Result<(), FileError> {
    not_ending(session)?;
    if place.is_prepared && session.state.current().phase != Phase::Ready {
        let what = match place.root {
            Root::Workspace => "session_repo",
            Root::KnowledgeBase => "worker_repo",
        };
        return Err(FileError::NotPrepared { what });
    }
    Ok(())
}

/// Opens the tree that a place is in.
fn open(paths: &VolumePaths, place: &Place) -> Result<Tree, FileError> {
    // Preparation makes it first of all.
    let workspace = open_root(&paths.workspace(), &place.told)?.ok_or(FileError::NotPrepared {
        what: "the workspace",
    })?;
    match place.root {
        Root::Workspace => Ok(workspace),
        Root::KnowledgeBase => {
            let tree = open_root(&paths.knowledge_base(), &place.told)?;
            tree.ok_or_else(|| FileError::NotThere {
                path: place.told.clone(),
            })
        }
    }
}

fn open_root(root: &Path, told: &str) -> Result<Option<Tree>, FileError> {
    match Tree::open(root) {
        Ok(tree) => Ok(Some(tree)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::Disk {
            path: told.to_owned(),
            source,
        }),
    }
}
